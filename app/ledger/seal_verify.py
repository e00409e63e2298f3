"""Door for `puhui verify --seals`: read every entry and every seal again, and compare.

Walks through the rounds from the first, or from a published day, in one snapshot. Each entry must
be in the tree of the seal that claims its transactions, each seal in the chain of its bucket and
in its round, each round in the chain of rounds, each day's root over the heads of its moment. A
changed row is found by what it no longer agrees with, and the walk goes on behind it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from app.database import Tx
from app.ledger import seal_days, seal_tree
from app.ledger.seal_chain import (
    CANONICAL,
    ENTRY_BYTES,
    FIRST_LINK,
    Head,
    Round,
    Seal,
    head_leaf,
    round_link,
    seal_link,
)
from app.ledger.seal_days import Day

ROUNDS_AT_ONCE = 1_000
ENTRIES_AT_ONCE = 50_000

What = Literal[
    "entries_changed",
    "entries_missing",
    "entries_added",
    "entries_unsealed",
    "seal_changed",
    "seal_missing",
    "seal_astray",
    "round_changed",
    "round_missing",
    "day_changed",
    "head_lost",
    "head_rewritten",
]


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that is not what was sealed: which bucket, which seal or round, how many.

    ``bucket`` is None where a round or a day is meant; ``at`` is then its number.
    """

    what: What
    bucket: int | None
    at: int | str
    sealed: int = 0
    found: int = 0


@dataclass(slots=True)
class Report:
    """What was read, and what does not agree. ``tail`` entries are too young to be sealed."""

    entries: int = 0
    seals: int = 0
    rounds: int = 0
    days: int = 0
    tail: int = 0
    breaches: list[Breach] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """Where the walk stands: the newest round, and the head of every bucket, at that point."""

    report: Report
    nth: int = 0
    upto_xid: int = 0
    chain: bytes = FIRST_LINK
    heads: dict[int, Head] = field(default_factory=dict)
    days: dict[int, list[Day]] = field(default_factory=dict)

    def breach(self, what: What, bucket: int | None, at: int | str, *numbers: int) -> None:
        self.report.breaches.append(Breach(what, bucket, at, *numbers))


Found = Mapping[int, bytes]
"""A round's canonical entries as they are now, by bucket."""


async def verify_seals(tx: Tx, *, since: date | None = None) -> Report:
    """Compute every seal again.

    Args:
        tx: one snapshot (`Database.snapshot`), with a patient statement time-out.
        since: trust the root of the last day before this one and begin behind it; None reads
            everything.

    """
    walk = _Walk(Report())
    start = await seal_days.prepare(tx, since=since)
    walk.heads = {head.bucket: head for head in start.heads}
    walk.nth, walk.upto_xid, walk.chain = start.nth, start.upto_xid, start.chain
    for day in start.days:
        walk.days.setdefault(day.round, []).append(day)
        walk.report.days += 1
        if not day.linked:
            walk.breach("day_changed", None, day.day.isoformat())
    _check_days(walk, walk.days.pop(start.nth, []))
    while rounds := await _rounds(tx, after=walk.nth):
        for batch in _batches(rounds):
            await _verify_batch(tx, walk, batch)
    for late in walk.days.values():
        for day in late:  # of a round that is not there
            walk.breach("day_changed", None, day.day.isoformat())
    await _verify_rest(tx, walk, whole=since is None)
    return walk.report


def _batches(rounds: Sequence[Round]) -> list[list[Round]]:
    """Rounds put together until they have enough entries for one statement."""
    batches: list[list[Round]] = [[]]
    entries = 0
    for each in rounds:
        if batches[-1] and entries + each.entries > ENTRIES_AT_ONCE:
            batches.append([])
            entries = 0
        batches[-1].append(each)
        entries += each.entries
    return batches


async def _verify_batch(tx: Tx, walk: _Walk, batch: Sequence[Round]) -> None:
    uptos = sorted({each.upto_xid for each in batch})
    window = {"after": walk.upto_xid, "upto": uptos[-1], "uptos": uptos}
    found: dict[int, dict[int, bytes]] = {upto: {} for upto in uptos}
    async for place, bucket, packed in await tx.execute(_ENTRIES, window):
        found[uptos[place]][bucket] = packed
    sealed: dict[int, dict[int, Seal]] = {upto: {} for upto in uptos}
    async for row in await tx.execute(_SEALS, window):
        each = Seal(*row)
        walk.report.seals += 1
        if each.upto_xid in sealed:
            sealed[each.upto_xid][each.bucket] = each
        else:
            walk.breach("seal_astray", each.bucket, each.nth)
    await asyncio.to_thread(_check_batch, walk, batch, found, sealed)


def _check_batch(
    walk: _Walk,
    batch: Sequence[Round],
    found: Mapping[int, Found],
    sealed: Mapping[int, Mapping[int, Seal]],
) -> None:
    """The hashing, off the event loop; touches no database."""
    for done in batch:
        entries, seals = found[done.upto_xid], sealed[done.upto_xid]
        for bucket in sorted({*entries, *seals}):
            _check_bucket(walk, bucket, entries.get(bucket, b""), seals.get(bucket), done)
        _check_round(walk, done, [seals[bucket] for bucket in sorted(seals)])
        _check_days(walk, walk.days.pop(done.nth, []))


def _check_bucket(walk: _Walk, bucket: int, packed: bytes, seal: Seal | None, done: Round) -> None:
    there = len(packed) // ENTRY_BYTES
    walk.report.entries += there
    head = walk.heads.get(bucket, Head(bucket))
    if seal is None:
        walk.breach("seal_missing", bucket, head.nth + 1, 0, there)
        return
    if there != seal.entries:
        what: What = "entries_missing" if there < seal.entries else "entries_added"
        walk.breach(what, bucket, seal.nth, seal.entries, there)
    elif seal_tree.root(seal_tree.leaves(packed, ENTRY_BYTES)) != seal.root:
        walk.breach("entries_changed", bucket, seal.nth, seal.entries, there)
    if seal.nth != head.nth + 1:
        walk.breach("seal_missing", bucket, head.nth + 1)
    elif seal.after_xid != head.upto_xid or seal_link(head.chain, seal) != seal.chain:
        walk.breach("seal_changed", bucket, seal.nth)
    walk.heads[bucket] = Head(bucket, seal.nth, seal.upto_xid, seal.chain)


def _check_round(walk: _Walk, done: Round, seals: Sequence[Seal]) -> None:
    walk.report.rounds += 1
    if done.nth != walk.nth + 1:
        walk.breach("round_missing", None, walk.nth + 1)
    elif done.after_xid != walk.upto_xid or round_link(walk.chain, done) != done.chain:
        walk.breach("round_changed", None, done.nth)
    leaves = [head_leaf(each.bucket, each.nth, each.chain) for each in seals]
    if (seal_tree.root(leaves), len(seals)) != (done.root, done.seals) or done.entries != sum(
        each.entries for each in seals
    ):
        walk.breach("round_changed", None, done.nth, done.seals, len(seals))
    walk.nth, walk.upto_xid, walk.chain = done.nth, done.upto_xid, done.chain


def _check_days(walk: _Walk, days: Sequence[Day]) -> None:
    for day in days:
        heads = [walk.heads[bucket] for bucket in sorted(walk.heads)]
        leaves = [head_leaf(each.bucket, each.nth, each.chain) for each in heads]
        if (seal_tree.root(leaves), len(heads)) != (day.root, day.buckets):
            walk.breach("day_changed", None, day.day.isoformat())


async def _verify_rest(tx: Tx, walk: _Walk, *, whole: bool) -> None:
    """What no round claims: the tail may be there, nothing else may."""
    row = await (await tx.execute(_REST, {"upto": walk.upto_xid})).fetchone()
    assert row is not None, "a count always answers"
    below, unsealed, ahead, walk.report.tail, strays = row
    if below and whole:
        walk.breach("entries_added", None, 0, 0, below)
    if unsealed:
        walk.breach("entries_unsealed", None, walk.nth, 0, unsealed)
    if ahead:
        walk.breach("entries_added", None, walk.nth + 1, 0, ahead)
    if strays:
        walk.breach("seal_astray", None, walk.nth + 1, 0, strays)


async def _rounds(tx: Tx, *, after: int) -> list[Round]:
    rows = await tx.execute(_ROUNDS, {"after": after, "limit": ROUNDS_AT_ONCE})
    return [Round(*row) async for row in rows]


_ROUNDS = """
SELECT nth, after_xid, upto_xid, seals, entries, root, chain, sealed_at
  FROM seal_round WHERE nth > %(after)s ORDER BY nth LIMIT %(limit)s
"""
_SEALS = """
SELECT bucket, nth, after_xid, upto_xid, entries, root, chain, sealed_at
  FROM seal WHERE upto_xid > %(after)s AND upto_xid <= %(upto)s
"""
# An entry belongs to the first round that ends at its transaction or behind it.
_ENTRIES = f"""
SELECT width_bucket(xid - 1, %(uptos)b::bigint[]), bucket,
       string_agg({CANONICAL}, ''::bytea ORDER BY xid, account_id, unit, seq)
  FROM entry WHERE xid > %(after)s AND xid <= %(upto)s
 GROUP BY 1, 2
"""
_REST = """
WITH edge AS (
  SELECT coalesce((SELECT xid FROM ledger_cursor WHERE consumer = 'seal'), 0) AS cursor,
         (SELECT max(epoch) FROM ledger_epoch) * 281474976710656
         + pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS future
)
SELECT (SELECT count(*) FROM entry WHERE xid <= 0),
       (SELECT count(*) FROM entry WHERE xid > %(upto)s AND xid <= cursor),
       (SELECT count(*) FROM entry WHERE xid >= future),
       (SELECT count(*) FROM entry WHERE xid > greatest(cursor, %(upto)s) AND xid < future),
       (SELECT count(*) FROM seal WHERE upto_xid > %(upto)s OR upto_xid <= 0)
  FROM edge
"""
