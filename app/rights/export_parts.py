"""Read: everything the programme holds about one citizen, part by part, as named rows.

Other rooms are asked through their doors. Card numbers are not here, because they are nowhere;
coupon codes are not, because whoever holds a copy could spend them. Which table is in which part
says `export_tables`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.appeals import dossier as appeals
from app.catalogue.errors import CatalogueEmpty
from app.catalogue.versions import Catalogue
from app.database import Tx
from app.intake import providers
from app.ledger import balances, statement, units
from app.ledger import dossier as ledger
from app.notices import dossier as notices
from app.people import dossier as people
from app.people.vault import Vault
from app.reductions import dossier as reductions
from app.reductions import listing, sent
from app.rewards import claims
from app.rewards import dossier as rewards
from app.rights import privacy, requests
from app.sign_in import dossier as sign_in

PAGE = 1_000
DEEDS_MAX = 100_000

Row = Mapping[str, Any]
Found = Mapping[str, Sequence[Row]]
"""Rows by the name of the table they become in the copy."""


@dataclass(frozen=True, slots=True, repr=False)
class Whose:
    """Whose copy is made, when, and what opens their names. Never printed."""

    account_id: int
    now: datetime
    vault: Vault


Part = Callable[[Tx, Whose], Awaitable[Found]]


async def _people(tx: Tx, whose: Whose) -> Found:
    codes = await providers.codes(tx)
    found = await people.dossier(tx, account_id=whose.account_id)
    return {name: [_with_code(row, codes) for row in rows] for name, rows in found.items()}


def _with_code(row: Row, codes: Mapping[int, str]) -> Row:
    if "provider_id" not in row:
        return row
    rest = {name: value for name, value in row.items() if name != "provider_id"}
    return {"provider": codes.get(row["provider_id"], ""), **rest}


async def _acts(tx: Tx, whose: Whose) -> Found:
    try:
        versions = await Catalogue().versions(tx)
    except CatalogueEmpty:
        return {"acts": []}
    rows: list[Row] = []
    before: tuple[date, datetime, UUID] | None = None
    while True:
        page = await listing.page(tx, account_id=whose.account_id, before=before, limit=PAGE)
        for each in page:
            manifest = versions.by_id[each.version_id].methodology.manifest
            told = asdict(each)
            del told["version_id"]
            rows.append({"methodology": manifest.id, "version": manifest.version, **told})
        if len(page) < PAGE:
            return {"acts": rows}
        before = page[-1].occurred_on, page[-1].occurred_at, page[-1].id


async def _evidence(tx: Tx, whose: Whose) -> Found:
    codes = await providers.codes(tx)
    kept = await sent.of_account(tx, account_id=whose.account_id)
    rows = [
        {
            "act_id": act_id,
            "provider": codes.get(each.provider_id, ""),
            "received_at": each.received_at,
            "ref": each.ref,
            "methodology": each.methodology,
            "data": dict(each.data),
        }
        for act_id, each in kept.items()
    ]
    return {"evidence": rows}


async def _points(tx: Tx, whose: Whose) -> Found:
    rows: list[Row] = []
    for unit in await units.units(tx):
        before: int | None = None
        while True:
            page = await statement.page(
                tx, account_id=whose.account_id, before_seq=before, limit=PAGE, unit=unit.id
            )
            rows += [{"unit": unit.code, **asdict(each)} for each in page]
            if len(page) < PAGE:
                break
            before = page[-1].seq
    return {"points": rows}


async def _wallet(tx: Tx, whose: Whose) -> Found:
    wallet = await balances.wallet(tx, account_id=whose.account_id)
    rows = [
        {
            "unit": code,
            "earned": each.earned,
            "consumed": each.consumed,
            "held": each.held,
            "available": each.available,
        }
        for code, each in wallet.items()
    ]
    return {"wallet": rows}


async def _coupons(tx: Tx, whose: Whose) -> Found:
    rows: list[Row] = []
    before: UUID | None = None
    while True:
        page = await claims.page(
            tx, account_id=whose.account_id, before=before, limit=PAGE, now=whose.now
        )
        for each in page:
            told = asdict(each) | {"state": each.state.name, "shown": str(each.shown)}
            del told["bucket"]
            rows.append(told)
        if len(page) < PAGE:
            return {"coupons": rows}
        before = page[-1].id


async def _requests(tx: Tx, whose: Whose) -> Found:
    mine = await requests.of_account(tx, account_id=whose.account_id)
    seen = await privacy.deeds(tx, account_id=whose.account_id, limit=DEEDS_MAX)
    return {"requests": [asdict(each) for each in mine], "deeds": [asdict(each) for each in seen]}


async def _signing_in(tx: Tx, whose: Whose) -> Found:
    return await sign_in.dossier(tx, account_id=whose.account_id, vault=whose.vault)


async def _reviewed(tx: Tx, whose: Whose) -> Found:
    found = dict(await reductions.dossier(tx, account_id=whose.account_id))
    try:
        by_id = (await Catalogue().versions(tx)).by_id
    except CatalogueEmpty:
        return found
    found["held_acts"] = [
        {"methodology": by_id[row["version_id"]].methodology.manifest.id}
        | {name: value for name, value in row.items() if name != "version_id"}
        for row in found["held_acts"]
    ]
    return found


async def _appeals(tx: Tx, whose: Whose) -> Found:
    codes = await providers.codes(tx)
    found = await appeals.dossier(tx, account_id=whose.account_id)
    return {name: [_with_code(row, codes) for row in rows] for name, rows in found.items()}


async def _more_points(tx: Tx, whose: Whose) -> Found:
    return await ledger.dossier(tx, account_id=whose.account_id)


async def _more_coupons(tx: Tx, whose: Whose) -> Found:
    return await rewards.dossier(tx, account_id=whose.account_id)


async def _messages(tx: Tx, whose: Whose) -> Found:
    return await notices.dossier(tx, account_id=whose.account_id)


PARTS: Sequence[Part] = (
    _people,
    _signing_in,
    _acts,
    _reviewed,
    _evidence,
    _appeals,
    _points,
    _wallet,
    _more_points,
    _coupons,
    _more_coupons,
    _messages,
    _requests,
)
"""What a copy is made of, in this order."""


def plain(value: Any) -> Any:
    """A value as JSON has it: times in UTC, numbers with every digit."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value)
