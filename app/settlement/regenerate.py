"""Read: settlements made again from the books, and whether they are still the same bytes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.database import Tx
from app.settlement import days, files, kept, lines
from app.settlement.files import Written

SETTLEMENTS_PER_STEP = 100


@dataclass(frozen=True, slots=True)
class Compared:
    """How many settlements were made again, and which differ from what was handed out."""

    settlements: int
    differing: list[UUID]


async def written_again(tx: Tx, *, settlement_ids: Collection[UUID]) -> dict[UUID, Written]:
    """The files of settlements from their lines, windows and chain: not from the kept files."""
    rows = await (await tx.execute(_CHAIN, (list(settlement_ids),))).fetchall()
    windows = await days.by_days(tx, wanted=sorted({row[2] for row in rows}))
    found = await lines.of_settlements(tx, settlement_ids=settlement_ids)
    return {
        settlement_id: files.write(
            found[settlement_id],
            merchant_id=merchant_id,
            window=windows[day],
            previous_sha256=bytes(previous) if previous is not None else None,
        )
        for settlement_id, merchant_id, day, previous in rows
        if settlement_id in found
    }


async def compare(tx: Tx, *, day: date | None = None) -> Compared:
    """Make every settlement again, or a day's, and compare it with what was handed out."""
    after, seen = UUID(int=0), 0
    differing: list[UUID] = []
    while True:
        arguments = {"after": after, "day": day, "limit": SETTLEMENTS_PER_STEP}
        ids = [each async for (each,) in await tx.execute(_NEXT, arguments)]
        if not ids:
            return Compared(seen, differing)
        again = await written_again(tx, settlement_ids=ids)
        handed_out = await kept.files_of(tx, settlement_ids=ids)
        differing += [each for each in ids if not _same(each, again, handed_out)]
        after, seen = ids[-1], seen + len(ids)


def _same(
    settlement_id: UUID,
    again: dict[UUID, Written],
    handed_out: dict[tuple[UUID, str], tuple[bytes, bytes]],
) -> bool:
    if settlement_id not in again:
        return False
    return all(
        handed_out.get((settlement_id, name)) == (content, files.sha256(content))
        for name, content in again[settlement_id].files.items()
    )


# The chain is looked up, not copied: the settlement before is the merchant's one of an earlier day.
_CHAIN = """
SELECT s.id, s.merchant_id, s.day,
       (SELECT p.manifest_sha256 FROM settlement p
         WHERE p.merchant_id = s.merchant_id AND p.day < s.day ORDER BY p.day DESC LIMIT 1)
  FROM settlement s WHERE s.id = ANY (%b::uuid[])
"""
_NEXT = """
SELECT id FROM settlement WHERE id > %(after)s AND (%(day)s::date IS NULL OR day = %(day)s)
 ORDER BY id LIMIT %(limit)s
"""
