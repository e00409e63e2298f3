"""Door: settlements that were closed, and their files; by their owner, or for officers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.callers import type_of_row
from app.database import Tx
from app.settlement.errors import SettlementNotFound
from app.settlement.files import Totals


@dataclass(frozen=True, slots=True)
class Kept:
    """A settlement of a day; ``state`` is closed, proposed, approved or paid.

    ``bank_reference`` is None until it is paid.
    """

    id: UUID
    merchant_id: UUID
    day: date
    closed_at: datetime
    manifest_sha256: str
    totals: Totals
    state: str
    bank_reference: str | None


async def page(
    tx: Tx, *, merchant_id: UUID | None, day: date | None, before: UUID | None, limit: int
) -> list[Kept]:
    """At most ``limit`` settlements, the newest first.

    Args:
        tx: a reading connection.
        merchant_id: whose; None: everybody's, for officers.
        day: only this day's.
        before: the last id of the page before; None starts at the newest.
        limit: how many at most.

    """
    arguments = {
        "merchant_id": merchant_id,
        "day": day,
        "before": before or UUID(int=2**128 - 1),
        "limit": limit,
    }
    return [_kept(row) async for row in await tx.execute(_PAGE, arguments)]


async def by_id(tx: Tx, *, settlement_id: UUID) -> Kept:
    """One settlement, for officers.

    Raises:
        SettlementNotFound: there is none.

    """
    row = await (await tx.execute(_ONE, (settlement_id,))).fetchone()
    if row is None:
        raise not_found()
    return _kept(row)


async def of_day(tx: Tx, *, merchant_id: UUID, day: date) -> UUID:
    """A merchant's settlement of a day.

    Raises:
        SettlementNotFound: the day is open, or the merchant took nothing on it.

    """
    row = await (await tx.execute(_OF_DAY, (merchant_id, day))).fetchone()
    if row is None:
        raise not_found()
    found: UUID = row[0]
    return found


async def file(tx: Tx, *, settlement_id: UUID, name: str) -> bytes:
    """A file as it was written when the day was closed.

    Raises:
        SettlementNotFound: there is none.

    """
    row = await (await tx.execute(_FILE, (settlement_id, name))).fetchone()
    if row is None:
        raise not_found()
    return bytes(row[0])


async def files_of(
    tx: Tx, *, settlement_ids: Collection[UUID]
) -> dict[tuple[UUID, str], tuple[bytes, bytes]]:
    """The files of settlements: content, and the digest that was kept with it."""
    rows = await tx.execute(_FILES, (list(settlement_ids),))
    return {(row[0], row[1]): (bytes(row[2]), bytes(row[3])) async for row in rows}


def not_found() -> SettlementNotFound:
    """The one refusal for what is not there and what is somebody else's."""
    return SettlementNotFound(
        "There is no settlement of this day: it is open, or nothing was taken on it.",
        "没有该日的结算单:当日尚未结算,或当日无核销。",
    )


def _kept(row: type_of_row) -> Kept:
    settlement_id, merchant_id, day, closed_at, manifest, *sums, state, reference = row
    return Kept(
        settlement_id,
        merchant_id,
        day,
        closed_at,
        bytes(manifest).hex(),
        Totals(*sums),
        state,
        reference,
    )


_COLUMNS = """
SELECT s.id, s.merchant_id, s.day, s.closed_at, s.manifest_sha256, s.lines, s.late_lines, s.sales,
       s.undone, s.refunds, s.points, s.face_value_fen, s.government_fen, s.merchant_fen,
       s.carbon_fen, s.payable_fen, coalesce(p.state, 'closed'), p.bank_reference
  FROM settlement s
  LEFT JOIN payout_part t ON t.settlement_id = s.id AND t.live
  LEFT JOIN payout p ON p.id = t.payout_id
"""
_PAGE = f"""{_COLUMNS}
 WHERE s.id < %(before)s
   AND (%(merchant_id)s::uuid IS NULL OR s.merchant_id = %(merchant_id)s)
   AND (%(day)s::date IS NULL OR s.day = %(day)s)
 ORDER BY s.id DESC LIMIT %(limit)s
"""
_ONE = f"{_COLUMNS} WHERE s.id = %s"
_OF_DAY = "SELECT id FROM settlement WHERE merchant_id = %s AND day = %s"
_FILE = "SELECT content FROM settlement_file WHERE settlement_id = %s AND name = %s"
_FILES = """
SELECT settlement_id, name, content, sha256 FROM settlement_file
 WHERE settlement_id = ANY (%b::uuid[])
"""
