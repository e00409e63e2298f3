"""What a citizen agreed to, and, for children, who agrees for them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, status

from app.cache import TooManyRequests
from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.database import ReadTx, WriteTx
from app.idempotency import IdempotencyKeyReused, OptionalKey, once
from app.intake import providers
from app.intake.errors import ProviderNotFound
from app.ledger.locking import lock_accounts
from app.pages import PersonalRoute
from app.people import consents, guardians, notices
from app.people import standing as standings
from app.people.errors import (
    BirthYearSaid,
    BirthYearUnsound,
    GuardianNeeded,
    GuardianUnfit,
    NotSignedIn,
    PersonLeft,
    WardNotFound,
    WrongAudience,
)
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.problems import document
from app.reductions.errors import ScenarioUnknown
from app.rights import notices_told
from app.rights.errors import ConsentNotFound, NoticeOutdated
from app.rights.patience import Patience
from app.rights.schemas_consents import (
    BirthYearIn,
    ChildStandingView,
    ConsentIn,
    ConsentList,
    ConsentOut,
    GuardianCodeView,
    WardIn,
    WardList,
    WardSettings,
    WardView,
)

router = APIRouter(
    prefix="/me", tags=["privacy"], dependencies=[Documented], route_class=PersonalRoute
)

_SIGN_IN = (NotSignedIn, WrongAudience)
Account = Annotated[int, Path(ge=1, lt=2**63, description="The child's account number.")]


@router.get("/consents", responses=document(*_SIGN_IN))
async def list_consents(citizen: CurrentCitizen, tx: CitizenTx) -> ConsentList:
    """Everything you ever agreed to, with the edition you read and the times."""
    mine = await consents.of_account(tx, account_id=citizen.account_id)
    codes = await providers.codes(tx)
    return ConsentList(items=[ConsentOut.of(each, codes) for each in mine])


@router.post(
    "/consents",
    status_code=status.HTTP_201_CREATED,
    responses=document(
        *_SIGN_IN,
        CatalogueEmpty,
        ProviderNotFound,
        ScenarioUnknown,
        NoticeOutdated,
        GuardianNeeded,
        PersonLeft,
        TooManyRequests,
    ),
    dependencies=[Patience],
)
async def agree(
    body: ConsentIn, request: Request, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> ConsentList:
    """Agree to scenarios of a provider, each by itself; what holds already stays as it is."""
    provider = await providers.by_code(tx, code=body.provider)
    versions = await request.app.state.catalogue.versions(tx)
    for scenario in body.scenarios:
        notices_told.told(versions, scenario=scenario, provider=None, now=now)
    current = notices.current(now).version
    if body.notice_version != current:
        raise NoticeOutdated(
            f"The notice has a new edition, {current}: read it before you agree.",
            f"告知书已更新为第 {current} 版,请先阅读再授权。",
            current=current,
        )
    await consents.agree(
        tx,
        account_id=citizen.account_id,
        provider_id=provider.id,
        scenarios=body.scenarios,
        notice_version=current,
        now=now,
    )
    mine = await consents.of_account(tx, account_id=citizen.account_id)
    codes = await providers.codes(tx)
    return ConsentList(items=[ConsentOut.of(each, codes) for each in mine])


@router.delete(
    "/consents/{provider}/{scenario}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, ProviderNotFound, ConsentNotFound),
)
async def withdraw(
    provider: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")],
    scenario: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,59}$")],
    citizen: CurrentCitizen,
    tx: WriteTx,
    now: Now,
) -> None:
    """Take an agreement back: what arrives from now on is refused, and nothing of it is kept."""
    numbers = {code: number for number, code in (await providers.codes(tx)).items()}
    if provider not in numbers:
        raise ProviderNotFound("No such provider.", "数据提供方不存在。")
    ended = await consents.withdraw(
        tx,
        account_id=citizen.account_id,
        provider_id=numbers[provider],
        scenario=scenario,
        now=now,
    )
    await _batches_are_done(tx, citizen.account_id)
    if not ended:
        raise ConsentNotFound("You have not agreed to this.", "您没有该项有效授权。")


@router.post(
    "/guardian",
    status_code=status.HTTP_201_CREATED,
    responses=document(
        *_SIGN_IN, GuardianUnfit, BirthYearSaid, BirthYearUnsound, PersonLeft, TooManyRequests
    ),
    dependencies=[Patience],
)
async def ask_a_guardian(
    body: BirthYearIn, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> GuardianCodeView:
    """Say when you were born, once; under 14 you get a code that your guardian types."""
    code = await guardians.declare(
        tx, account_id=citizen.account_id, birth_year=body.birth_year, now=now
    )
    await _batches_are_done(tx, citizen.account_id)
    return GuardianCodeView(needed=code is not None, code=code)


@router.get("/guardian", responses=document(*_SIGN_IN))
async def read_own_standing(citizen: CurrentCitizen, tx: ReadTx, now: Now) -> ChildStandingView:
    """Whether you need a guardian and have one, and whether you are ranked and pooled."""
    return ChildStandingView.of(
        await standings.standing(tx, account_id=citizen.account_id, now=now)
    )


@router.get("/wards", responses=document(*_SIGN_IN))
async def list_wards(citizen: CurrentCitizen, tx: ReadTx, now: Now) -> WardList:
    """The children you are responsible for."""
    mine = await guardians.wards(tx, guardian_account_id=citizen.account_id, now=now)
    return WardList(items=[WardView.of(each) for each in mine])


@router.post(
    "/wards",
    status_code=status.HTTP_201_CREATED,
    responses=document(
        *_SIGN_IN, WardNotFound, GuardianUnfit, PersonLeft, TooManyRequests, IdempotencyKeyReused
    ),
    dependencies=[Patience],
)
async def take_responsibility(
    *,
    body: WardIn,
    citizen: CurrentCitizen,
    tx: WriteTx,
    now: Now,
    idempotency_key: OptionalKey = None,
) -> WardView:
    """Confirm that you, an adult who has said a year of birth, are the guardian of this child."""
    me = citizen.account_id

    async def confirming() -> dict[str, Any]:
        ward = await guardians.confirm(tx, guardian_account_id=me, code=body.code, now=now)
        return {"account_id": ward.account_id}

    made = await once(
        tx,
        account_id=me,
        key=idempotency_key,
        route="take_responsibility",
        body=body,
        effect=confirming,
        now=now,
    )
    mine = await guardians.wards(tx, guardian_account_id=me, now=now)
    for ward in mine:
        if ward.account_id == made["account_id"]:
            return WardView.of(ward)
    raise WardNotFound("You are no longer this child's guardian.", "您已不是该儿童的监护人。")


@router.put(
    "/wards/{account_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, WardNotFound),
)
async def settle_ward(
    account_id: Account, body: WardSettings, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> None:
    """Say whether the child is ranked, and whether its grams may be pooled."""
    await guardians.settle(
        tx,
        guardian_account_id=citizen.account_id,
        ward_account_id=account_id,
        ranked=body.ranked,
        pooled=body.pooled,
        now=now,
    )


@router.delete(
    "/wards/{account_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, WardNotFound),
)
async def end_responsibility(
    account_id: Account, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> None:
    """Take everything back: what was agreed to for the child ends at once."""
    await guardians.end(
        tx, guardian_account_id=citizen.account_id, ward_account_id=account_id, now=now
    )
    await _batches_are_done(tx, account_id)


async def _batches_are_done(tx: WriteTx, account_id: int) -> None:
    """Batches that found a consent before are done when we answer; later ones find none."""
    await lock_accounts(tx, account_ids=[account_id])
