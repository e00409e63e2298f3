"""The life of a methodology, as officers lead it: check, upload, submit, stop, resume, withdraw.

Trying a version on history, and what it saw from the shadow, are the reductions' business.
Approval is at ``/v1/admin/proposals``.
"""

from asyncio import to_thread
from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from app.catalogue import calendar, submit, suspend, tariffs, upload, watch, withdraw
from app.catalogue.budgets_schemas import TariffList, TariffView
from app.catalogue.check import check
from app.catalogue.errors import (
    CatalogueEmpty,
    DayTaken,
    DocumentRefused,
    MethodologyNotFound,
    VersionNotReady,
    VersionNumberTaken,
    WrongState,
)
from app.catalogue.lifecycle_schemas import (
    CheckIn,
    CheckView,
    Id,
    LifeView,
    Moved,
    Number,
    ReasonIn,
    ShadowIn,
    StandingList,
    StandingView,
    SubmitIn,
    UploadIn,
)
from app.catalogue.move import transitions
from app.catalogue.versions import Version, Versions
from app.clock import Now
from app.database import ReadTx, Tx, WriteTx
from app.people.guards import CurrentOfficer, Documented
from app.problems import document

router = APIRouter(prefix="/admin/methodologies", tags=["methodologies"], dependencies=[Documented])

tariff_router = APIRouter(prefix="/admin/tariffs", tags=["catalogue"], dependencies=[Documented])
_ONE = "/{methodology}/versions/{version}"


@router.post("/check")
async def check_methodology(body: CheckIn, officer: CurrentOfficer) -> CheckView:
    """Check a document without keeping it: every problem with its place, its tier, its bounds."""
    return CheckView.of(await to_thread(check, body.document, body.vectors))


@router.post(
    "/{methodology}/versions",
    status_code=status.HTTP_201_CREATED,
    responses=document(CatalogueEmpty, DocumentRefused, VersionNumberTaken)
    | {200: {"model": Moved, "description": "The same content was uploaded before"}},
)
async def upload_methodology(
    *,
    methodology: Id,
    body: UploadIn,
    officer: CurrentOfficer,
    response: Response,
    tx: WriteTx,
    now: Now,
) -> Moved:
    """Keep a document that passes the check; the same content again is the same version."""
    report = await to_thread(check, body.document, body.vectors)
    standing, new = await upload.upload(
        tx,
        methodology=methodology,
        report=report,
        officer_id=officer.id,
        reason=body.reason,
        now=now,
    )
    if not new:
        response.status_code = status.HTTP_200_OK
    return await _moved(tx, standing.methodology, standing.version, now)


@router.get("", responses=document(CatalogueEmpty))
async def list_all_methodologies(
    request: Request, officer: CurrentOfficer, tx: ReadTx, now: Now
) -> StandingList:
    """Every version in every state, and what may follow."""
    versions: Versions = await request.app.state.catalogue.versions(tx, fresh=True)
    today = now.astimezone(versions.zone).date()
    found = sorted(
        versions.by_id.values(), key=lambda each: (each.methodology.manifest.id, each.id)
    )
    return StandingList(items=[StandingView.of(each, today) for each in found])


@router.get(_ONE, responses=document(CatalogueEmpty, MethodologyNotFound))
async def read_life(
    *,
    methodology: Id,
    version: Number,
    request: Request,
    officer: CurrentOfficer,
    tx: ReadTx,
    now: Now,
) -> LifeView:
    """One version in any state: its document, and who changed its state when and why."""
    versions: Versions = await request.app.state.catalogue.versions(tx, fresh=True)
    found = _named(versions, methodology, version)
    today = now.astimezone(versions.zone).date()
    return LifeView.told(found, today, await transitions(tx, version_id=found.id))


@router.post(_ONE + "/shadow", responses=document(CatalogueEmpty, MethodologyNotFound, WrongState))
async def watch_live_acts(
    *,
    methodology: Id,
    version: Number,
    body: ShadowIn,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> Moved:
    """Let the version watch live acts, or stop it; nobody is paid by it either way."""
    do = watch.start if body.action == "start" else watch.stop
    await do(
        tx,
        methodology=methodology,
        version=version,
        reason=body.reason,
        officer_id=officer.id,
        now=now,
    )
    return await _moved(tx, methodology, version, now)


@router.post(
    _ONE + "/submit",
    responses=document(CatalogueEmpty, MethodologyNotFound, WrongState, VersionNotReady, DayTaken),
)
async def submit_version(
    *,
    methodology: Id,
    version: Number,
    body: SubmitIn,
    request: Request,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> Moved:
    """Propose that the version takes force; another officer, not its author, approves it."""
    versions: Versions = await request.app.state.catalogue.versions(tx, fresh=True)
    await submit.submit(
        tx,
        candidate=_named(versions, methodology, version).methodology,
        active_from=body.active_from,
        reason=body.reason,
        officer_id=officer.id,
        now=now,
    )
    return await _moved(tx, methodology, version, now)


@router.post(_ONE + "/suspend", responses=document(CatalogueEmpty, MethodologyNotFound, WrongState))
async def suspend_version(
    *,
    methodology: Id,
    version: Number,
    body: ReasonIn,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> Moved:
    """Stop a version at once; its acts are held until two officers let it go on."""
    await suspend.suspend(
        tx,
        methodology=methodology,
        version=version,
        reason=body.reason,
        officer_id=officer.id,
        now=now,
    )
    return await _moved(tx, methodology, version, now)


@router.post(
    _ONE + "/resume",
    responses=document(CatalogueEmpty, MethodologyNotFound, WrongState, VersionNotReady),
)
async def resume_version(
    *,
    methodology: Id,
    version: Number,
    body: ReasonIn,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> Moved:
    """Propose that a suspended version goes on; another officer approves it."""
    await suspend.resume(
        tx,
        methodology=methodology,
        version=version,
        reason=body.reason,
        officer_id=officer.id,
        now=now,
    )
    return await _moved(tx, methodology, version, now)


@router.post(
    _ONE + "/withdraw",
    responses=document(CatalogueEmpty, MethodologyNotFound, WrongState, VersionNotReady),
)
async def withdraw_version(
    *,
    methodology: Id,
    version: Number,
    body: ReasonIn,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> Moved:
    """Withdraw a version for good; one that had force only when another officer agrees."""
    await withdraw.withdraw(
        tx,
        methodology=methodology,
        version=version,
        reason=body.reason,
        officer_id=officer.id,
        now=now,
    )
    return await _moved(tx, methodology, version, now)


def _named(versions: Versions, methodology: str, version: str) -> Version:
    found = versions.named(methodology, version)
    if found is None:
        raise MethodologyNotFound(
            f"No version {version} of `{methodology}` is registered.", "没有该方法学版本。"
        )
    return found


async def _moved(tx: Tx, methodology: str, version: str, now: Now) -> Moved:
    standing, _ = await calendar.lock(tx, methodology=methodology, version=version, now=now)
    waits: UUID | None = standing.proposal_id
    return Moved(
        methodology=standing.methodology,
        version=standing.version,
        state=standing.state,
        content_hash=standing.content_hash,
        proposal_id=waits,
    )


@tariff_router.get("", responses=document(CatalogueEmpty))
async def list_scheduled_tariffs(
    request: Request, officer: CurrentOfficer, tx: ReadTx, now: Now
) -> TariffList:
    """Tariffs whose day has not come; until then each can be proposed anew for the same day."""
    versions: Versions = await request.app.state.catalogue.versions(tx)
    today = now.astimezone(versions.zone).date()
    found = await tariffs.history(tx, scheduled_after=today)
    return TariffList(items=[TariffView.of(each, today) for each in found])
