"""Corrections, as officers preview them and watch them run; versions, as officers try them."""

from uuid import UUID

from fastapi import APIRouter, Request, status

from app.catalogue.errors import CatalogueEmpty, MethodologyNotFound, WrongState
from app.catalogue.versions import Version, Versions
from app.clock import Now
from app.database import ReadTx, WriteTx
from app.pages import BadCursor, Cursor, Limit, cursor_of, key_of
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.reductions import correct, correct_read, dry_run, shadow
from app.reductions.correct_schemas import CorrectionIn, CorrectionView
from app.reductions.dry_run_schemas import (
    DryRunIn,
    DryRunPage,
    DryRunView,
    FiguresView,
    Methodology,
    Number,
)
from app.reductions.errors import CorrectionNotFound, CorrectionUnsound

router = APIRouter(prefix="/admin", tags=["corrections"], dependencies=[Documented])

trials = APIRouter(
    prefix="/admin/methodologies/{methodology}/versions/{version}",
    tags=["methodologies"],
    dependencies=[Documented],
)
"""A version on trial; the rest of its life is the catalogue's."""

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.post(
    "/corrections",
    status_code=status.HTTP_201_CREATED,
    responses=document(*_SIGN_IN, CorrectionUnsound, CatalogueEmpty),
)
async def preview_correction(
    request: Request, body: CorrectionIn, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> CorrectionView:
    """Work out what a corrected version would change; nothing is booked.

    Then propose `reductions.correct` with the id; a second officer's approval begins it.
    """
    versions = await request.app.state.catalogue.versions(tx)
    words = (body.reason_zh or "", body.reason_en or "")
    correction_id = await correct.preview(
        tx,
        methodology=body.methodology,
        old_versions=body.old_versions,
        new_version=body.new_version,
        days=(body.from_on, body.until_on),
        reason=words if any(words) else None,
        versions=versions,
        officer_id=officer.id,
        now=now,
    )
    found = await correct_read.progress(tx, correction_id=correction_id)
    return CorrectionView.of(found, versions)


@router.get("/corrections/{correction_id}", responses=document(*_SIGN_IN, CorrectionNotFound))
async def read_correction(
    request: Request, correction_id: UUID, officer: CurrentOfficer, tx: ReadTx
) -> CorrectionView:
    """What was previewed, and how far it is."""
    versions = await request.app.state.catalogue.versions(tx)
    found = await correct_read.progress(tx, correction_id=correction_id)
    return CorrectionView.of(found, versions)


@trials.post(
    "/dry-runs",
    status_code=status.HTTP_201_CREATED,
    responses=document(CatalogueEmpty, MethodologyNotFound, WrongState),
)
async def try_on_history(
    *,
    methodology: Methodology,
    version: Number,
    body: DryRunIn,
    request: Request,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> DryRunView:
    """Try a version on a sample of history: counts, grams, points, reasons; nothing is changed."""
    versions: Versions = await request.app.state.catalogue.versions(tx, fresh=True)
    kept = await dry_run.dry_run(
        tx,
        candidate=_named(versions, methodology, version),
        versions=versions,
        days=body.days,
        limit=body.limit,
        acts=body.acts,
        reason=body.reason,
        officer_id=officer.id,
        now=now,
    )
    return DryRunView.of(kept)


@trials.get("/dry-runs", responses=document(CatalogueEmpty, MethodologyNotFound, BadCursor))
async def list_dry_runs(
    *,
    methodology: Methodology,
    version: Number,
    request: Request,
    officer: CurrentOfficer,
    tx: ReadTx,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> DryRunPage:
    """The reports of a version's dry-runs, newest first."""
    versions: Versions = await request.app.state.catalogue.versions(tx, fresh=True)
    found = await dry_run.reports(
        tx,
        version_id=_named(versions, methodology, version).id,
        before=_id_in(cursor) if cursor is not None else None,
        limit=limit + 1,
    )
    page = found[:limit]
    return DryRunPage(
        items=[DryRunView.of(each) for each in page],
        next_cursor=cursor_of(str(page[-1].id)) if len(found) > limit else None,
    )


@trials.get("/shadow", responses=document(CatalogueEmpty, MethodologyNotFound))
async def read_shadow(
    methodology: Methodology, version: Number, request: Request, officer: CurrentOfficer, tx: ReadTx
) -> FiguresView:
    """What the version made of live acts while it watched from the shadow, added up."""
    versions: Versions = await request.app.state.catalogue.versions(tx, fresh=True)
    found = _named(versions, methodology, version)
    return FiguresView.model_validate(await shadow.report(tx, version_id=found.id))


def _named(versions: Versions, methodology: str, version: str) -> Version:
    found = versions.named(methodology, version)
    if found is None:
        raise MethodologyNotFound(
            f"No version {version} of `{methodology}` is registered.", "没有该方法学版本。"
        )
    return found


def _id_in(cursor: str) -> UUID:
    (text,) = key_of(cursor, str)
    try:
        return UUID(str(text))
    except ValueError as error:
        raise BadCursor(
            "The cursor is not one of this list; ask for the first page without `cursor`.",
            "游标不属于此列表;请不带 cursor 重新请求第一页。",
        ) from error
