"""The catalogue, for everybody: which methodologies and factors are in force."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.catalogue import budgets, budgets_read, tariffs
from app.catalogue.budgets_schemas import BudgetFigures, BudgetMeter, TariffList, TariffView
from app.catalogue.errors import CatalogueEmpty, MethodologyNotFound
from app.catalogue.schemas import FactorList, FactorView, MethodologyList, MethodologyView
from app.catalogue.versions import Catalogue
from app.clock import Now
from app.database import ReadTx
from app.pages import UNCHANGED, knows, tagged
from app.problems import document

router = APIRouter(tags=["catalogue"])

_CACHED = "public, max-age=1"
"""An activation is seen within a second, wherever the copy lies."""


@router.get(
    "/methodologies",
    response_model=MethodologyList,
    responses=document(CatalogueEmpty) | UNCHANGED,
)
async def list_methodologies(request: Request, tx: ReadTx, now: Now) -> Response:
    """Every methodology version that has, had or will have force, and from when to when."""
    catalogue: Catalogue = request.app.state.catalogue
    versions = await catalogue.versions(tx)
    today = now.astimezone(versions.zone).date()
    public = sorted(
        (each for each in versions.by_id.values() if each.public),
        key=lambda each: (each.active_from or date.min, each.id),
        reverse=True,
    )
    public.sort(key=lambda each: each.methodology.manifest.id)
    listed = MethodologyList(items=[MethodologyView.of(each, today) for each in public])
    return tagged(request, listed.model_dump_json().encode(), cached=_CACHED)


@router.get(
    "/methodologies/{methodology}/versions/{version}",
    responses=document(CatalogueEmpty, MethodologyNotFound)
    | {200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    response_class=Response,
)
async def read_methodology(
    methodology: str, version: str, request: Request, tx: ReadTx
) -> Response:
    """The whole document, as the canonical JSON whose SHA-256 is its hash."""
    catalogue: Catalogue = request.app.state.catalogue
    versions = await catalogue.versions(tx)
    found = versions.named(methodology, version)
    if found is None or not found.public:
        raise MethodologyNotFound(
            f"No version {version} of {methodology} is in the catalogue.", "没有该方法学版本。"
        )
    manifest = found.methodology.manifest
    etag = f'"{manifest.content_hash}"'
    if knows(request, etag):
        return Response(status_code=304, headers={"ETag": etag})
    return Response(manifest.canonical_json, media_type="application/json", headers={"ETag": etag})


@router.get("/factors", response_model=FactorList, responses=document(CatalogueEmpty) | UNCHANGED)
async def list_factors(request: Request, tx: ReadTx) -> Response:
    """Every emission factor with its source and grade, of enabled and of disabled packs."""
    catalogue: Catalogue = request.app.state.catalogue
    versions = await catalogue.versions(tx)
    newest = {versions.packs[each].id: each for each in sorted(versions.packs)}
    newest[versions.packs[versions.factor_set_id].id] = versions.factor_set_id
    items = []
    for name in sorted(newest):
        pack = versions.packs[newest[name]]
        here = newest[name] == versions.factor_set_id
        ordered = sorted(pack.values, key=lambda each: (each.name, each.region, each.valid_from))
        items += [FactorView.of(factor, pack, counts_here=here) for factor in ordered]
    return tagged(request, FactorList(items=items).model_dump_json().encode(), cached=_CACHED)


@router.get("/tariffs", responses=document(CatalogueEmpty))
async def list_tariffs(
    request: Request,
    tx: ReadTx,
    now: Now,
    methodology: Annotated[
        str | None,
        Query(pattern=r"^[a-z0-9_]{1,60}$", description="Only this one's.", examples=["bike_ride"]),
    ] = None,
) -> TariffList:
    """How many points a kilogram earns, earned, and will earn: the whole history."""
    catalogue: Catalogue = request.app.state.catalogue
    today = now.astimezone((await catalogue.versions(tx)).zone).date()
    found = await tariffs.history(tx, methodology=methodology)
    return TariffList(items=[TariffView.of(each, today) for each in found])


@router.get("/figures/budget", responses=document(CatalogueEmpty))
async def read_budget(
    request: Request,
    tx: ReadTx,
    now: Now,
    month: Annotated[
        str | None,
        Query(
            pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
            description="A month; absent: this one.",
            examples=["2026-03"],
        ),
    ] = None,
) -> BudgetFigures:
    """How much of the month's points is booked, and what an act is paid now."""
    catalogue: Catalogue = request.app.state.catalogue
    today = now.astimezone((await catalogue.versions(tx)).zone).date()
    first = budgets.month_of(date.fromisoformat(f"{month}-01") if month else today)
    meters = await budgets_read.meters(tx, month=first)
    return BudgetFigures(
        month=first.isoformat()[:7], items=[BudgetMeter.of(each) for each in meters]
    )
