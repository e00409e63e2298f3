"""The notices, which anybody may read before agreeing to anything."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.database import ReadTx
from app.intake import providers
from app.intake.errors import ProviderNotFound
from app.problems import document
from app.reductions.errors import ScenarioUnknown
from app.rights import notices_told
from app.rights.schemas_consents import NoticeList, NoticeView

router = APIRouter(prefix="/consent-notices", tags=["privacy"])


@router.get("", responses=document(CatalogueEmpty, ProviderNotFound, ScenarioUnknown))
async def list_notices(
    *,
    request: Request,
    tx: ReadTx,
    now: Now,
    provider: Annotated[
        str | None,
        Query(
            pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
            description="Whose records; without it the text says `the provider`.",
            examples=["zhenjiang-bike"],
        ),
    ] = None,
    scenario: Annotated[
        str | None,
        Query(
            pattern=r"^[a-z][a-z0-9_]{0,59}$",
            description="One methodology id; without it all of them.",
            examples=["bike_ride"],
        ),
    ] = None,
) -> NoticeList:
    """What is read before somebody agrees: one notice for each scenario, in both languages."""
    names = None
    if provider is not None:
        found = await providers.by_code(tx, code=provider)
        names = found.name_zh, found.name_en
    versions = await request.app.state.catalogue.versions(tx)
    wanted = [scenario] if scenario is not None else notices_told.scenarios(versions)
    return NoticeList(
        items=[
            NoticeView.of(notices_told.told(versions, scenario=each, provider=names, now=now))
            for each in wanted
        ]
    )
