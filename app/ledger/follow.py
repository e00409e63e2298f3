"""Door: follow the entries behind a watermark that nothing can slip under.

An entry carries the number of the transaction that booked it. Below the oldest transaction still
running (``pg_snapshot_xmin``) every transaction has ended: what is visible there now is all there
will ever be. A consumer handles the entries of a range of whole transactions and moves its cursor
in the same transaction as its effect: exactly once, with no queue and no mark on the entries. A
rule such as ``id > the last one seen`` would lose the rows of a transaction that began early and
committed late.

Transaction numbers belong to one PostgreSQL cluster. After a dump and restore, or a move, they
start elsewhere; `puhui migrate` notices and opens a new epoch (`keep_ledger_epoch`), from which on
``xid`` is raised by ``epoch * 2**48``, so that numbers keep growing for ever. Until then `window`
refuses to go on.

Source: PostgreSQL 18 manual, section 9.28 (snapshots, transaction numbers, control data).
"""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx
from app.ledger.errors import LedgerMoved
from app.ledger.tables import Kind

PROBE_XIDS = 64
"""How many transactions are looked at first; a bulk load books thousands of entries in each."""
IDLE_XIDS = 10_000
"""An empty range as long as this is skipped for good; shorter ones are looked at again."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole transactions, all of them ended: those after ``after_xid``, up to ``upto_xid``."""

    after_xid: int
    upto_xid: int
    entries: int


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a consumer is behind.

    ``open_xids`` counts the transactions since the oldest one that still runs: when it grows, a
    long transaction holds everybody back.
    """

    consumer: str
    behind_xids: int
    open_xids: int
    watermark_xid: int
    moved_at: datetime


async def window(tx: Tx, *, consumer: str, limit: int, from_start: bool = True) -> Window | None:
    """Lock the consumer's cursor and say which transactions are next; None if there are none.

    A second worker is answered None at once while the first holds the cursor. The caller handles
    the window and calls `advance` in this transaction, or raises and leaves everything as it was.

    Args:
        tx: the transaction of the consumer's effect.
        consumer: a stable name.
        limit: about how many entries; a transaction is never divided, so one that booked more
            is a window of its own.
        from_start: whether a new consumer begins with the first entry, or with what is to come.

    Raises:
        LedgerMoved: this cluster counts other transactions than the one that booked.

    """
    after_xid = await _locked(tx, consumer, from_start=from_start)
    if after_xid is None:
        return None
    end_xid = await watermark(tx) - 1
    seen, low_xid, step = 0, after_xid, PROBE_XIDS
    while low_xid < end_xid:
        high_xid = min(low_xid + step, end_xid)
        rows = await tx.execute(_PROBE, {"after": low_xid, "upto": high_xid})
        for xid, n in await rows.fetchall():
            if seen and seen + n > limit:
                return Window(after_xid, xid - 1, seen)
            seen += n
        low_xid, step = high_xid, 4 * step
    if seen:
        return Window(after_xid, end_xid, seen)
    if end_xid - after_xid >= IDLE_XIDS:
        await advance(tx, consumer=consumer, upto_xid=end_xid)
    return None


async def advance(tx: Tx, *, consumer: str, upto_xid: int) -> None:
    """Move the cursor, in the transaction of the effect; it never goes back."""
    moved = await tx.execute(_ADVANCE, {"consumer": consumer, "upto": upto_xid})
    assert moved.rowcount == 1, "a cursor that was locked is there, and only goes forward"


async def earned(tx: Tx, *, after_xid: int, upto_xid: int) -> list[tuple[int, int, int, int]]:
    """Per account and unit, what was earned in a window: (account_id, unit, points, entries)."""
    rows = await tx.execute(
        _EARNED, {"after": after_xid, "upto": upto_xid, "earn": Kind.earn.value}
    )
    return [(account_id, unit, points, n) async for account_id, unit, points, n in rows]


async def watermark(tx: Tx) -> int:
    """The oldest transaction that may still book something; all below it have ended.

    Raises:
        LedgerMoved: this cluster counts other transactions than the one that booked.

    """
    row = await (await tx.execute(_WATERMARK)).fetchone()
    assert row is not None, "an epoch was opened by the migration"
    if not row[1]:
        raise LedgerMoved(
            "This database was moved to another PostgreSQL cluster: run `puhui migrate` before"
            " anything is booked.",
            "数据库已迁移到另一个 PostgreSQL 集群,请先运行 puhui migrate 再记账。",
        )
    return int(row[0])


async def lags(tx: Tx) -> list[Lag]:
    """How far each consumer is behind, for operators' dashboards."""
    rows = await tx.execute(_LAGS)
    return [Lag(*row) async for row in rows]


async def _locked(tx: Tx, consumer: str, *, from_start: bool) -> int | None:
    """The consumer's cursor, locked until the transaction ends; None if somebody else has it."""
    for _ in range(2):
        row = await (await tx.execute(_LOCK, (consumer,))).fetchone()
        if row is not None:
            return int(row[0])
        begins = await watermark(tx) - 1 if not from_start else 0
        made = await tx.execute(_BEGIN, {"consumer": consumer, "xid": begins})
        if made.rowcount == 0:
            return None
    return None


_LOCK = "SELECT xid FROM ledger_cursor WHERE consumer = %s FOR UPDATE SKIP LOCKED"
_BEGIN = """
INSERT INTO ledger_cursor (consumer, xid, moved_at)
SELECT %(consumer)s::varchar, %(xid)s, now()
 WHERE NOT EXISTS (SELECT FROM ledger_cursor WHERE consumer = %(consumer)s::varchar)
   AND pg_try_advisory_xact_lock(hashtext('ledger_cursor'), hashtext(%(consumer)s::varchar))
ON CONFLICT DO NOTHING
"""
_ADVANCE = """
UPDATE ledger_cursor SET xid = %(upto)s, moved_at = now()
 WHERE consumer = %(consumer)s AND xid < %(upto)s
"""
_WATERMARK = """
SELECT e.epoch * 281474976710656 + pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       e.cluster = c.system_identifier
  FROM ledger_epoch e, pg_control_system() c
 ORDER BY e.epoch DESC LIMIT 1
"""
_PROBE = """
SELECT xid, count(*) FROM entry WHERE xid > %(after)s AND xid <= %(upto)s GROUP BY xid ORDER BY xid
"""
_EARNED = """
SELECT account_id, unit, sum(amount)::bigint, count(*)
  FROM entry
 WHERE xid > %(after)s AND xid <= %(upto)s AND kind = %(earn)s
 GROUP BY account_id, unit ORDER BY account_id %% 1024, account_id, unit
"""
_LAGS = """
SELECT c.consumer, greatest(m.xid - 1 - c.xid, 0), m.open, m.xid, c.moved_at
  FROM ledger_cursor c, (
         SELECT (SELECT max(epoch) FROM ledger_epoch) * 281474976710656
                + pg_snapshot_xmin(s)::text::bigint AS xid,
                pg_snapshot_xmax(s)::text::bigint - pg_snapshot_xmin(s)::text::bigint AS open
           FROM pg_current_snapshot() AS s) AS m
 ORDER BY c.consumer
"""
