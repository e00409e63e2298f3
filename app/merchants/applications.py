"""Door: applications and their contacts, as officers see them; and the lock that changes take."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.merchants import history, rules
from app.merchants.errors import ApplicationNotFound
from app.merchants.sealed import NAME, NUMBER, PHONE, opened
from app.people.vault import Vault


@dataclass(frozen=True, slots=True)
class Application:
    """A company's application, and how far it has come."""

    id: UUID
    credit_code: str
    name_zh: str
    name_en: str
    categories: list[str]
    district_code: str
    agreement_version: int
    state: str
    applied_at: datetime
    code: str | None
    notes: str | None
    checked_by: UUID | None
    proposal_id: UUID | None
    decided_by: UUID | None
    refusal: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """Whom to call and where to pay; name, phone and account are masked unless said otherwise."""

    contact_name: str
    phone: str
    bank_name: str
    bank_holder: str
    bank_account: str


async def by_id(tx: Tx, *, application_id: UUID) -> Application:
    """One application.

    Raises:
        ApplicationNotFound: none has this id.

    """
    return _found(await (await tx.execute(_ONE, (application_id,))).fetchone())


async def lock(tx: Tx, *, application_id: UUID) -> Application:
    """One application, its row locked until the transaction ends.

    Raises:
        ApplicationNotFound: none has this id.

    """
    return _found(await (await tx.execute(_LOCK, (application_id,))).fetchone())


async def page(tx: Tx, *, state: str, after: UUID | None, limit: int) -> list[Application]:
    """At most ``limit`` applications in a state, oldest first."""
    arguments = {"state": state, "after": after or UUID(int=0), "limit": limit}
    return [Application(*row) async for row in await tx.execute(_PAGE, arguments)]


async def contact(tx: Tx, *, application_id: UUID, vault: Vault) -> Contact:
    """Whom to call and where to pay, name, phone and account masked.

    Raises:
        ApplicationNotFound: none has this id.

    """
    whole = await _contact(tx, application_id, vault)
    return replace(
        whole,
        contact_name=rules.masked_name(whole.contact_name),
        phone=rules.masked(whole.phone),
        bank_account=rules.masked(whole.bank_account),
    )


async def whom_to_call(
    tx: Tx, *, application_id: UUID, officer_id: UUID, vault: Vault, now: datetime
) -> Contact:
    """Whom to call, in full, for whoever checks the application; the account stays masked.

    That somebody looked is kept.

    Raises:
        ApplicationNotFound: none has this id.

    """
    whole = await _contact(tx, application_id, vault)
    await _looked(tx, "merchants.see_contact", application_id, officer_id, now)
    return replace(whole, bank_account=rules.masked(whole.bank_account))


async def payout_account(
    tx: Tx, *, application_id: UUID, officer_id: UUID, vault: Vault, now: datetime
) -> Contact:
    """Whom to call and where to pay, in full; that somebody looked is kept.

    Raises:
        ApplicationNotFound: none has this id.

    """
    whole = await _contact(tx, application_id, vault)
    await _looked(tx, "merchants.see_account", application_id, officer_id, now)
    return whole


async def _contact(tx: Tx, application_id: UUID, vault: Vault) -> Contact:
    row = await (await tx.execute(_CONTACT, (application_id,))).fetchone()
    if row is None:
        raise _unknown()
    bank_name, bank_holder, *kept = row
    name, phone, account = (
        opened(kept[n], kept[n + 3], vault=vault, owner=application_id, field=field)
        for n, field in enumerate((NAME, PHONE, NUMBER))
    )
    return Contact(name, phone, bank_name, bank_holder, account)


async def _looked(
    tx: Tx, action: str, application_id: UUID, officer_id: UUID, now: datetime
) -> None:
    await record(
        tx,
        actor=history.officer(officer_id),
        action=action,
        subject=f"application:{application_id}",
        now=now,
    )


async def of_merchant(tx: Tx, *, merchant_id: UUID) -> UUID:
    """The application a merchant came from.

    Raises:
        ApplicationNotFound: it came without one, or there is no such merchant.

    """
    row = await (await tx.execute(_OF_MERCHANT, (merchant_id,))).fetchone()
    if row is None or row[0] is None:
        raise _unknown()
    found: UUID = row[0]
    return found


def _found(row: tuple[object, ...] | None) -> Application:
    if row is None:
        raise _unknown()
    return Application(*row)  # type: ignore[arg-type]


def _unknown() -> ApplicationNotFound:
    return ApplicationNotFound("No application has this id.", "没有该编号的入驻申请。")


_COLUMNS = """
SELECT id, credit_code, name_zh, name_en, categories, district_code, agreement_version, state,
       applied_at, code, notes, checked_by, proposal_id, decided_by, refusal
  FROM merchant_application
"""
_ONE = f"{_COLUMNS} WHERE id = %s"
_LOCK = f"{_COLUMNS} WHERE id = %s FOR UPDATE"
_PAGE = f"{_COLUMNS} WHERE state = %(state)s AND id > %(after)s ORDER BY id LIMIT %(limit)s"
_CONTACT = """
SELECT bank_name, bank_holder, contact_name_sealed, phone_sealed, bank_account_sealed,
       contact_name, phone, bank_account
  FROM merchant_contact WHERE application_id = %s
"""
_OF_MERCHANT = "SELECT application_id FROM merchant WHERE id = %s"
