"""Use case: a company asks to become a merchant. Anybody may ask; the same again is the same."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.merchants import history, rules
from app.merchants.errors import AlreadyApplied
from app.merchants.sealed import NAME, NUMBER, PHONE, fingerprint, sealed
from app.merchants.tables import ApplicationState
from app.people.vault import Vault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What a company says about itself. Holds a phone and an account: never printed.

    Attributes:
        name_zh: the shop's name, at most 80 characters.
        name_en: the same in English.
        credit_code: the company's unified social credit code.
        contact_name: whom to ask for.
        phone: where.
        bank_name: the bank it is paid at.
        bank_holder: in whose name the account is.
        bank_account: its number.
        district_code: six digits (GB/T 2260).
        categories: what it sells, the main thing first.
        agreement_version: which agreement it accepts.

    """

    name_zh: str
    name_en: str
    credit_code: str
    contact_name: str
    phone: str
    bank_name: str
    bank_holder: str
    bank_account: str
    district_code: str
    categories: Sequence[str]
    agreement_version: int


async def apply(tx: Tx, *, asked: Asked, vault: Vault, now: datetime) -> UUID:
    """Write the application down; the same company with the same details gets the same answer.

    Args:
        tx: the caller's transaction.
        asked: what the company says.
        vault: seals what is personal about it.
        now: when (UTC).

    Returns:
        The application's id.

    Raises:
        ApplicationUnsound: a code, account or category cannot be right.
        AlreadyApplied: the company applied with other details, and was not refused.

    """
    row = asdict(asked) | {
        "credit_code": rules.credit_code(asked.credit_code),
        "bank_account": rules.bank_account(asked.bank_account),
        "categories": rules.categories(asked.categories),
        "agreement_version": rules.agreement(asked.agreement_version),
    }
    # The digest tells a retry from another intention; the table itself keeps no personal data.
    said = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()
    state = ApplicationState.applied.value
    application_id = new_id()
    row |= {"id": application_id, "state": state, "now": now}
    row["fingerprint"] = fingerprint(said, vault=vault)
    added = await tx.execute(_APPLY, row)
    if added.rowcount == 0:
        return await _first(tx, row["credit_code"], {said, row["fingerprint"]})
    for name, field in (("contact_name", NAME), ("phone", PHONE), ("bank_account", NUMBER)):
        row[name] = sealed(row[name], vault=vault, owner=application_id, field=field)
    await tx.execute(_CONTACT, row)
    await history.keep(
        tx,
        kind="application",
        subject=application_id,
        was=history.NEW,
        state=state,
        actor="public",
        reason="applied",
        now=now,
    )
    log.info("merchant_applied", application_id=str(application_id))
    return application_id


async def _first(tx: Tx, credit_code: str, said: Collection[bytes]) -> UUID:
    """The application of before; a digest without a key is of an older release."""
    row = await (await tx.execute(_FIRST, (credit_code,))).fetchone()
    if row is None or bytes(row[1]) not in said:
        raise AlreadyApplied(
            "This company has applied before; ask the programme to change what was said.",
            "该企业此前已提交申请;如需更改内容,请联系运营机构。",
        )
    found: UUID = row[0]
    return found


# A twin waits here for our commit, and then reads what we wrote.
_APPLY = """
INSERT INTO merchant_application (id, credit_code, fingerprint, name_zh, name_en, categories,
  district_code, agreement_version, state, applied_at)
VALUES (%(id)s, %(credit_code)s, %(fingerprint)s, %(name_zh)s, %(name_en)s, %(categories)s,
  %(district_code)s, %(agreement_version)s, %(state)s, %(now)s)
ON CONFLICT (credit_code) WHERE state <> 'refused' DO NOTHING
"""
_CONTACT = """
INSERT INTO merchant_contact (application_id, contact_name_sealed, phone_sealed, bank_name,
                              bank_holder, bank_account_sealed)
VALUES (%(id)s, %(contact_name)s, %(phone)s, %(bank_name)s, %(bank_holder)s, %(bank_account)s)
"""
_FIRST = """
SELECT id, fingerprint FROM merchant_application
 WHERE credit_code = %s AND state <> 'refused'
"""
