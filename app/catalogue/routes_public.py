"""The catalogue, for everybody: which methodologies and factors are in force."""

from fastapi import APIRouter, Request, Response

from app.catalogue.errors import CatalogueEmpty, MethodologyNotFound
from app.catalogue.schemas import FactorList, FactorView, MethodologyList, MethodologyView
from app.catalogue.versions import Catalogue
from app.database import ReadTx
from app.problems import document

router = APIRouter(tags=["catalogue"])


@router.get("/methodologies", responses=document(CatalogueEmpty))
async def list_methodologies(request: Request, tx: ReadTx) -> MethodologyList:
    """Every registered methodology version."""
    catalogue: Catalogue = request.app.state.catalogue
    versions = await catalogue.versions(tx)
    return MethodologyList(
        items=[
            MethodologyView.of(version)
            for name in sorted(versions.by_methodology)
            for version in versions.by_methodology[name]
        ]
    )


@router.get(
    "/methodologies/{methodology}/versions/{version}",
    responses={
        200: {"content": {"application/json": {"schema": {"type": "object"}}}},
        **document(CatalogueEmpty, MethodologyNotFound),
    },
    response_class=Response,
)
async def read_methodology(
    methodology: str, version: str, request: Request, tx: ReadTx
) -> Response:
    """The whole document, as the canonical JSON whose SHA-256 is its hash."""
    catalogue: Catalogue = request.app.state.catalogue
    versions = await catalogue.versions(tx)
    for each in versions.by_methodology.get(methodology, ()):
        manifest = each.methodology.manifest
        if manifest.version == version:
            etag = f'"{manifest.content_hash}"'
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers={"ETag": etag})
            return Response(
                manifest.canonical_json, media_type="application/json", headers={"ETag": etag}
            )
    raise MethodologyNotFound(
        f"No version {version} of `{methodology}` is registered.", "没有该方法学版本。"
    )


@router.get("/factors", responses=document(CatalogueEmpty))
async def list_factors(request: Request, tx: ReadTx) -> FactorList:
    """The programme's emission factors, each with its source and grade."""
    catalogue: Catalogue = request.app.state.catalogue
    versions = await catalogue.versions(tx)
    values = versions.packs[versions.factor_set_id].values
    ordered = sorted(values, key=lambda each: (each.name, each.region, each.valid_from))
    return FactorList(items=[FactorView.of(factor) for factor in ordered])
