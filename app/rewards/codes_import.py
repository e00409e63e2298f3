"""Use cases: take a merchant's list of codes in; a job reads it, line by line, in chunks.

What arrives is sealed before it touches the database: neither the staged lines nor the taken
codes can be read there. A refused line keeps its number and the reason, never its text.
"""

import asyncio
import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app import jobs
from app.database import Database, Tx
from app.ids import new_id
from app.rewards import codes_seal, rules
from app.rewards.draft import CODE_SLOTS
from app.rewards.offers_errors import CodesUnreadable, ImportNotFound
from app.rewards.tables import Delivery, OfferState

log = structlog.get_logger()

TASK = "import_codes"
LINES_MAX = 50_000
CODE_CHARS_MAX = 200
LINES_PER_STEP = 1_000
ELSEWHERE = "in-another-offer"
"""Why a code is refused that is already in another offer of this merchant."""

Line = tuple[bytes | None, bytes | None, bytes | None, str | None]
"""Digest in the offer and with the merchant, sealed code, or why it is none."""


@dataclass(frozen=True, slots=True)
class Import:
    """How far a list has been read."""

    id: UUID
    offer_id: UUID
    lines: int
    done: int
    taken: int
    rejected: int
    made_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was not taken, and why."""

    line: int
    reason: str


async def receive(tx: Tx, *, offer_id: UUID, content: bytes, key: bytes, now: datetime) -> UUID:
    """Stage a list of codes, sealed, and promise to read it; the import's id.

    Args:
        tx: the caller's transaction.
        offer_id: an offer that hands out its merchant's codes.
        content: CSV, UTF-8, the code in the first column; a first line ``code`` is a heading.
        key: what codes are sealed with.
        now: when (UTC).

    Raises:
        OfferNotFound: there is no such offer, or it gives coupons of ours.
        CodesUnreadable: not UTF-8, not CSV, empty, or too long.

    """
    row = await (await tx.execute(_OFFER, (offer_id, OfferState.withdrawn.value))).fetchone()
    if row is None or row[0] != Delivery.merchant_code:
        raise rules.no_such_offer()
    merchant_id: UUID = row[1]
    # Sealing a long list takes a while: not on the loop that everybody shares.
    codes = await asyncio.to_thread(_read, content)
    older = await _in_older_lists(tx, merchant_id, offer_id, codes, key)
    staged = await asyncio.to_thread(_staged, codes, offer_id, merchant_id, older, key)
    import_id = new_id()
    await tx.execute(_BEGIN, (import_id, offer_id, len(staged), now))
    async with tx.cursor().copy(_STAGE) as copy:
        for number, line in enumerate(staged, start=1):
            await copy.write_row((import_id, number, *line))
    await jobs.later(tx, task=TASK, import_id=str(import_id))
    log.info("codes_received", offer_id=str(offer_id), lines=len(staged))
    return import_id


async def run_import(database: Database, *, import_id: UUID, clock: Callable[[], datetime]) -> None:
    """Read a staged list to its end, from wherever an earlier worker left it."""
    more = True
    while more:
        async with database.writing() as tx:
            more = await import_some(tx, import_id=import_id, limit=LINES_PER_STEP, now=clock())


async def import_some(tx: Tx, *, import_id: UUID, limit: int, now: datetime) -> bool:
    """Take at most ``limit`` lines; False when there are no more.

    A code that the offer, or another one of the merchant's, has already is refused; each taken
    one is a unit of stock. Progress is in the same transaction, so nothing is taken twice; of two
    lists with the same code the second waits at the index for the first.
    """
    row = await (await tx.execute(_LOCK, (import_id,))).fetchone()
    if row is None or row[2] is not None:
        return False
    offer_id, done, _ = row
    arguments = {"id": import_id, "offer_id": offer_id, "from": done, "to": done + limit}
    counted = await (await tx.execute(_TAKE, arguments)).fetchone()
    assert counted is not None, "an aggregate always answers"
    read, taken = counted
    await tx.execute(_REFUSE, arguments | {"elsewhere": ELSEWHERE})
    await tx.execute(_LOCK_STOCK, (offer_id,))
    parts = Counter(number % CODE_SLOTS for number in range(done, done + taken))
    await tx.execute(
        _ADD, {"offer_id": offer_id, "slots": list(parts), "units": list(parts.values())}
    )
    await tx.execute(
        _PROGRESS, {"id": import_id, "read": read, "taken": taken, "limit": limit, "now": now}
    )
    if read < limit:
        log.info("codes_imported", import_id=str(import_id))
    return bool(read == limit)


async def progress(tx: Tx, *, offer_id: UUID, import_id: UUID) -> Import:
    """How far a list has been read.

    Raises:
        ImportNotFound: the offer has no such list.

    """
    row = await (await tx.execute(_ONE, (import_id, offer_id))).fetchone()
    if row is None:
        raise ImportNotFound("This offer has no such list of codes.", "该商品没有此券码清单。")
    return Import(*row)


async def rejects(tx: Tx, *, import_id: UUID, after: int, limit: int) -> list[Reject]:
    """At most ``limit`` refused lines beyond ``after``, by number."""
    arguments = {"id": import_id, "after": after, "limit": limit}
    return [Reject(*row) async for row in await tx.execute(_REJECTS, arguments)]


async def unfinished(tx: Tx) -> list[UUID]:
    """Lists that have not been read to their end."""
    return [each async for (each,) in await tx.execute(_UNFINISHED)]


def _read(content: bytes) -> list[str]:
    """The codes of a list, in its order, without heading and empty end."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable() from error
    codes = [row[0].strip() if row else "" for row in rows]
    if codes and codes[0].lower() == "code":
        codes = codes[1:]
    while codes and codes[-1] == "":
        codes.pop()
    if not 1 <= len(codes) <= LINES_MAX:
        raise _unreadable()
    return codes


async def _in_older_lists(
    tx: Tx, merchant_id: UUID, offer_id: UUID, codes: Sequence[str], key: bytes
) -> set[str]:
    """Codes in lists of the merchant's other offers from before codes had a digest by merchant."""
    others = [each async for (each,) in await tx.execute(_OLDER, (merchant_id, offer_id))]
    found: set[str] = set()
    sound = [code for code in codes if _wrong(code) is None]
    for other in others:
        digests = await asyncio.to_thread(codes_seal.digests, key, owner=other, codes=sound)
        code_of = dict(zip(digests, sound, strict=True))
        rows = await tx.execute(_KNOWN, (other, list(code_of)))
        found |= {code_of[bytes(digest)] async for (digest,) in rows}
    return found


def _staged(
    codes: Sequence[str], offer_id: UUID, merchant_id: UUID, older: Collection[str], key: bytes
) -> list[Line]:
    """Digests and sealed code of each line, or why it is none."""
    in_offer = codes_seal.digests(key, owner=offer_id, codes=codes)
    with_merchant = codes_seal.digests(key, owner=merchant_id, codes=codes)
    staged: list[Line] = []
    for code, own, everywhere in zip(codes, in_offer, with_merchant, strict=True):
        reason = _wrong(code) or (ELSEWHERE if code in older else None)
        if reason is not None:
            staged.append((None, None, None, reason))
            continue
        sealed = codes_seal.seal(key, offer_id=offer_id, code=code)
        staged.append((own, everywhere, sealed, None))
    return staged


def _wrong(code: str) -> str | None:
    if not code:
        return "empty"
    if len(code) > CODE_CHARS_MAX:
        return "too-long"
    return None if code.isprintable() else "unprintable"


def _unreadable() -> CodesUnreadable:
    return CodesUnreadable(
        f"Send CSV in UTF-8, a code in the first column, 1 to {LINES_MAX} lines.",
        f"请提供 UTF-8 编码的 CSV,第一列为券码,1 至 {LINES_MAX} 行。",
    )


_OFFER = "SELECT delivery, merchant_id FROM offer WHERE id = %s AND state <> %s"
_OLDER = """
SELECT o.id FROM offer o
 WHERE o.merchant_id = %s AND o.id <> %s AND o.delivery = 2
   AND EXISTS (SELECT FROM offer_code c WHERE c.offer_id = o.id AND c.merchant_digest IS NULL)
 ORDER BY o.id
"""
_KNOWN = """
SELECT digest FROM offer_code
 WHERE offer_id = %s AND digest = ANY (%s::bytea[]) AND merchant_digest IS NULL
"""
_BEGIN = """
INSERT INTO code_import (id, offer_id, lines, done, taken, rejected, made_at)
VALUES (%s, %s, %s, 0, 0, 0, %s)
"""
_STAGE = "COPY code_line (import_id, line, digest, merchant_digest, sealed, reason) FROM STDIN"
_LOCK = "SELECT offer_id, done, finished_at FROM code_import WHERE id = %s FOR UPDATE"
# Sorted by what two lists share, so that two of them cannot wait for each other.
_TAKE = """
WITH chunk AS MATERIALIZED (
  SELECT line, digest, merchant_digest, sealed FROM code_line
   WHERE import_id = %(id)s AND line > %(from)s AND line <= %(to)s
), taken AS (
  INSERT INTO offer_code (offer_id, digest, merchant_digest, sealed, state)
  SELECT DISTINCT ON (coalesce(merchant_digest, digest))
         %(offer_id)s, digest, merchant_digest, sealed, 0 FROM chunk
   WHERE digest IS NOT NULL ORDER BY coalesce(merchant_digest, digest), line
  ON CONFLICT DO NOTHING
  RETURNING digest, sealed
), gone AS (
  DELETE FROM code_line l USING chunk c JOIN taken t ON t.sealed = c.sealed
   WHERE l.import_id = %(id)s AND l.line = c.line
)
SELECT (SELECT count(*)::int FROM chunk), (SELECT count(*)::int FROM taken)
"""
_REFUSE = """
UPDATE code_line l SET digest = NULL, merchant_digest = NULL, sealed = NULL,
       reason = coalesce(reason, CASE WHEN EXISTS (
         SELECT FROM offer_code c WHERE c.merchant_digest = l.merchant_digest
            AND c.offer_id <> %(offer_id)s) THEN %(elsewhere)s ELSE 'duplicate' END)
 WHERE import_id = %(id)s AND line > %(from)s AND line <= %(to)s
"""
_LOCK_STOCK = "SELECT 1 FROM offer_stock WHERE offer_id = %s ORDER BY slot FOR UPDATE"
_ADD = """
UPDATE offer_stock s SET remaining = s.remaining + t.n, initial = s.initial + t.n
  FROM unnest(%(slots)b::smallint[], %(units)b::int[]) AS t (slot, n)
 WHERE s.offer_id = %(offer_id)s AND s.slot = t.slot
"""
_PROGRESS = """
UPDATE code_import SET done = done + %(read)s::int, taken = taken + %(taken)s::int,
       rejected = rejected + %(read)s::int - %(taken)s::int,
       finished_at = CASE WHEN %(read)s::int < %(limit)s::int THEN %(now)s::timestamptz END
 WHERE id = %(id)s
"""
_ONE = """
SELECT id, offer_id, lines, done, taken, rejected, made_at, finished_at FROM code_import
 WHERE id = %s AND offer_id = %s
"""
_REJECTS = """
SELECT line, reason FROM code_line
 WHERE import_id = %(id)s AND reason IS NOT NULL AND line > %(after)s
 ORDER BY line LIMIT %(limit)s
"""
_UNFINISHED = "SELECT id FROM code_import WHERE finished_at IS NULL ORDER BY id"
