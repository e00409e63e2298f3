"""Use cases: seal what was booked, each minute; close a day.

One transaction seals all buckets that have news, behind the watermark of `app.ledger.follow`: the
leaves are read with one statement, hashed off the event loop, and the seals written with another.
A second worker finds the cursor locked and does nothing. What a seal says: `app.ledger.seal_chain`.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from app.database import Tx
from app.ledger import follow, seal_tree
from app.ledger.seal_chain import (
    CANONICAL,
    ENTRY_BYTES,
    FIRST_LINK,
    Head,
    Round,
    Seal,
    day_link,
    head_leaf,
    round_link,
    seal_link,
)

CONSUMER = "seal"
ENTRIES_PER_ROUND = 100_000


async def seal(tx: Tx, *, now: datetime, limit: int = ENTRIES_PER_ROUND) -> Round | None:
    """Seal one round: about ``limit`` entries, whole transactions, of any number of buckets.

    Args:
        tx: a transaction of its own.
        now: when we seal (UTC).
        limit: about how many entries.

    Returns:
        The round; None if nothing is new, or another worker is at it.

    """
    found = await follow.window(tx, consumer=CONSUMER, limit=limit)
    if found is None:
        return None
    before = await newest_round(tx)
    after_xid = before.upto_xid if before else 0
    rows = await tx.execute(READ_ENTRIES, {"after": after_xid, "upto": found.upto_xid})
    news = {bucket: bytes(packed) async for bucket, packed in rows}
    heads = {head.bucket: head for head in await _heads(tx, sorted(news))}
    done, seals = await asyncio.to_thread(
        _sealed, news, heads, before=before, upto_xid=found.upto_xid, sealed_at=now
    )
    await _keep(tx, done, seals)
    await follow.advance(tx, consumer=CONSUMER, upto_xid=found.upto_xid)
    return done


async def close_day(tx: Tx, *, day: date, now: datetime) -> bool:
    """Publish one root over all buckets' heads for a day that is over; once.

    Args:
        tx: a transaction of its own.
        day: the programme's civil day that has ended.
        now: when we close it (UTC).

    Returns:
        Whether it was closed now; False if it, or a later one, was closed before, or nothing has
        been sealed yet.

    """
    # Only one at a time: two that saw the same predecessor would fork the chain.
    row = await (await tx.execute(_LOCK_CURSOR, (CONSUMER,))).fetchone()
    before = await (await tx.execute(_NEWEST_DAY)).fetchone()
    newest = await newest_round(tx)
    if row is None or newest is None or (before is not None and before[0] >= day):
        return False
    heads = await _heads(tx, list(range(1024)))
    entries = await (await tx.execute(_ALL_ENTRIES)).fetchone()
    assert entries is not None, "a sum always answers"
    root = seal_tree.root([head_leaf(each.bucket, each.nth, each.chain) for each in heads])
    numbers = (newest.nth, len(heads), int(entries[0]))
    chain = day_link(
        bytes(before[1]) if before else FIRST_LINK,
        root=root,
        day=day,
        numbers=numbers,
        sealed_at=now,
    )
    await tx.execute(_KEEP_DAY, (day, *numbers, root, chain, now))
    return True


async def newest_round(tx: Tx) -> Round | None:
    """The round that was sealed last."""
    row = await (await tx.execute(_NEWEST_ROUND)).fetchone()
    return Round(*row) if row else None


def _sealed(
    news: dict[int, bytes],
    heads: dict[int, Head],
    *,
    before: Round | None,
    upto_xid: int,
    sealed_at: datetime,
) -> tuple[Round, list[Seal]]:
    """The round and its seals, hashed; touches no database."""
    seals = []
    for bucket, packed in sorted(news.items()):
        head = heads.get(bucket, Head(bucket))
        hashes = seal_tree.leaves(packed, ENTRY_BYTES)
        facts = (bucket, head.nth + 1, head.upto_xid, upto_xid, len(hashes))
        draft = Seal(*facts, seal_tree.root(hashes), b"", sealed_at)
        seals.append(Seal(*facts, draft.root, seal_link(head.chain, draft), sealed_at))
    numbers = (
        before.nth + 1 if before else 1,
        before.upto_xid if before else 0,
        upto_xid,
        len(seals),
        sum(each.entries for each in seals),
    )
    root = seal_tree.root([head_leaf(each.bucket, each.nth, each.chain) for each in seals])
    chain = round_link(
        before.chain if before else FIRST_LINK, Round(*numbers, root, b"", sealed_at)
    )
    return Round(*numbers, root, chain, sealed_at), seals


async def _heads(tx: Tx, buckets: Sequence[int]) -> list[Head]:
    rows = await tx.execute(_HEADS, {"buckets": list(buckets)})
    return [Head(bucket, nth, upto, bytes(chain)) async for bucket, nth, upto, chain in rows]


async def _keep(tx: Tx, done: Round, seals: Sequence[Seal]) -> None:
    await tx.execute(
        _KEEP_SEALS,
        {
            "buckets": [each.bucket for each in seals],
            "nths": [each.nth for each in seals],
            "afters": [each.after_xid for each in seals],
            "entries": [each.entries for each in seals],
            "roots": [each.root for each in seals],
            "chains": [each.chain for each in seals],
            "upto": done.upto_xid,
            "now": done.sealed_at,
        },
    )
    await tx.execute(
        _KEEP_ROUND,
        (
            done.nth,
            done.after_xid,
            done.upto_xid,
            done.seals,
            done.entries,
            done.root,
            done.chain,
            done.sealed_at,
        ),
    )


READ_ENTRIES = f"""
SELECT bucket, string_agg({CANONICAL}, ''::bytea ORDER BY xid, account_id, unit, seq)
  FROM entry WHERE xid > %(after)s AND xid <= %(upto)s
 GROUP BY bucket
"""
"""The canonical entries of each bucket, one behind another, in the order of the tree."""
_NEWEST_ROUND = """
SELECT nth, after_xid, upto_xid, seals, entries, root, chain, sealed_at
  FROM seal_round ORDER BY nth DESC LIMIT 1
"""
_HEADS = """
SELECT s.bucket, s.nth, s.upto_xid, s.chain
  FROM unnest(%(buckets)b::smallint[]) AS t (b)
 CROSS JOIN LATERAL (SELECT bucket, nth, upto_xid, chain FROM seal
                      WHERE bucket = t.b ORDER BY nth DESC LIMIT 1) AS s
 ORDER BY s.bucket
"""
_KEEP_SEALS = """
INSERT INTO seal (bucket, nth, after_xid, upto_xid, entries, root, chain, sealed_at)
SELECT bucket, nth, after_xid, %(upto)s, entries, root, chain, %(now)s
  FROM unnest(%(buckets)b::smallint[], %(nths)b::bigint[], %(afters)b::bigint[],
              %(entries)b::int[], %(roots)b::bytea[], %(chains)b::bytea[])
    AS t (bucket, nth, after_xid, entries, root, chain)
"""
_KEEP_ROUND = """
INSERT INTO seal_round (nth, after_xid, upto_xid, seals, entries, root, chain, sealed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_LOCK_CURSOR = "SELECT xid FROM ledger_cursor WHERE consumer = %s FOR UPDATE SKIP LOCKED"
_NEWEST_DAY = "SELECT day, chain FROM seal_day ORDER BY day DESC LIMIT 1"
_ALL_ENTRIES = "SELECT coalesce(sum(entries), 0)::bigint FROM seal_round"
_KEEP_DAY = """
INSERT INTO seal_day (day, round, buckets, entries, root, chain, sealed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
