"""Use case: take a batch's points from the month's budget; it can never be overdrawn.

A month's points lie in slots, and a batch takes all it needs from one that nobody else holds:
no row is shared by all batches, and none is waited for while there is plenty. Only near the
end, when no free slot has enough, a batch locks them all in order, puts what is left together
and cuts it anew. Slots come last in the lock order, so whoever holds one waits for nothing.
"""

from collections.abc import Sequence
from datetime import date, datetime

import structlog

from app.catalogue import budgets
from app.catalogue.budgets import Budget, Budgets, Want
from app.database import Tx, savepoint
from app.ids import new_id

log = structlog.get_logger()

SLOTS = 64
"""Into how many parts a month is cut at most: as many batches can draw without waiting."""
SLOT_POINTS_MIN = 50_000
"""A part holds at least this much, which is more than a usual batch needs."""


class _NoSlotError(Exception):
    """No free slot has enough; raised to give back what was locked while looking."""


async def draw(
    tx: Tx, *, wants: Sequence[Want], known: Budgets, month: date, seed: int, now: datetime
) -> list[int]:
    """Decide at which rate each act is paid, and take those points from the budget.

    Without a budget for a line, this is no statement at all, and the tariff.

    Args:
        tx: the transaction in which the points are booked; no commit, nothing was taken.
        wants: in the order in which they are settled.
        known: the budgets of the catalogue's picture.
        month: first day of the month of the booking, in the programme's zone.
        seed: where to look for a slot first; batches of different citizens look elsewhere.
        now: when (UTC).

    Returns:
        Points per kilogram for each want, at most its tariff.

    """
    rates = [want.points_per_kg for want in wants]
    places_of: dict[str, list[int]] = {}
    for place, want in enumerate(wants):
        if want.points_per_kg > 0 and want.grams > 0:
            places_of.setdefault(want.line, []).append(place)
    for line in sorted(places_of):
        budget = budgets.in_force(known, line, month)
        if budget is None:
            continue
        places = places_of[line]
        mine = [wants[place] for place in places]
        paid = await _draw_line(tx, mine, budget, month, {"seed": seed, "now": now})
        for place, rate in zip(places, paid, strict=True):
            rates[place] = rate
    return rates


async def _draw_line(
    tx: Tx, wants: Sequence[Want], budget: Budget, month: date, common: dict[str, object]
) -> list[int]:
    """One line's acts: from one free slot if one has enough, else from all of them."""
    key = {"line": budget.line, "month": month}
    total, left = await _state(tx, budget.line, month)
    rates, points = budgets.spread(wants, left=left, total=total, taper=budget.taper)
    if points == 0:
        return rates
    arguments = {**key, **common, "points": points, "id": new_id(), "slots": SLOTS}
    try:
        async with savepoint(tx):
            taken = await tx.execute(_TAKE, arguments)
            if taken.rowcount != 1:
                raise _NoSlotError
    except _NoSlotError:
        return await _draw_all(tx, wants, budget, month, common)
    return rates


async def _draw_all(
    tx: Tx, wants: Sequence[Want], budget: Budget, month: date, common: dict[str, object]
) -> list[int]:
    """The edge: lock every slot in order, decide on what is really left, cut the rest anew."""
    key = {"line": budget.line, "month": month}
    rows = await (await tx.execute(_LOCK, key)).fetchall()
    total, left = await _state(tx, budget.line, month)
    rates, points = budgets.spread(wants, left=left, total=total, taper=budget.taper)
    if points == 0:
        return rates
    rest = budgets.shares(left - points, len(rows), least=SLOT_POINTS_MIN)
    filled = {"slots": [row[0] for row in rows], "rest": rest}
    await tx.execute(_FILL, key | filled)
    await tx.execute(_NOTE, {**key, **common, "points": points, "id": new_id()})
    if left == points:
        log.info("budget_spent", line=budget.line, month=month.isoformat())
    return rates


async def _state(tx: Tx, line: str, month: date) -> tuple[int, int]:
    """What the month began with and what is left of it; the first to ask opens it."""
    key = {"line": line, "month": month}
    row = await (await tx.execute(_STATE, key)).fetchone()
    if row is None:
        await open_month(tx, line=line, month=month)
        row = await (await tx.execute(_STATE, key)).fetchone()
    assert row is not None, "a month that was opened is there"
    return int(row[0]), int(row[1])


async def open_month(tx: Tx, *, line: str, month: date) -> bool:
    """Cut a month's points into slots; False if somebody did before.

    Whoever asks at the same moment waits until we commit, once a month.
    """
    key = {"line": line, "month": month}
    row = await (await tx.execute(_OPEN, key)).fetchone()
    if row is None:
        return False
    rest = budgets.shares(row[0], SLOTS, least=SLOT_POINTS_MIN)
    await tx.execute(_CUT, key | {"slots": list(range(SLOTS)), "rest": rest})
    return True


async def refill(tx: Tx, *, line: str, month: date, points: int) -> None:
    """Change what an open month has; what was paid stays paid, and cannot be less than it.

    Args:
        points: what officers now allow for the whole month.

    """
    key = {"line": line, "month": month}
    rows = await (await tx.execute(_LOCK, key)).fetchall()
    total, left = await _state(tx, line, month)
    paid = total - left
    rest = budgets.shares(max(0, points - paid), len(rows), least=SLOT_POINTS_MIN)
    await tx.execute(_FILL, key | {"slots": [row[0] for row in rows], "rest": rest})
    await tx.execute(_TOTAL, key | {"points": max(points, paid)})


async def give_back(tx: Tx, *, line: str, month: date, points: int, now: datetime) -> None:
    """Put points back that were drawn and not paid; the book of draws says so."""
    key = {"line": line, "month": month, "points": points, "now": now, "id": new_id()}
    await tx.execute(_GIVE_BACK, key)
    await tx.execute(_NOTE, key | {"points": -points})


_GIVE_BACK = """
UPDATE budget_slot b SET remaining = b.remaining + %(points)s::bigint
 WHERE b.line = %(line)s::text AND b.month = %(month)s::date
   AND b.slot = (SELECT min(s.slot) FROM budget_slot s
                  WHERE s.line = %(line)s::text AND s.month = %(month)s::date)
"""
_STATE = """
SELECT m.points, (SELECT coalesce(sum(s.remaining), 0) FROM budget_slot s
                   WHERE s.line = m.line AND s.month = m.month)
  FROM budget_month m
 WHERE m.line = %(line)s::text AND m.month = %(month)s::date
"""
# A slot that is locked is passed over, and one that changed under our eyes is not taken. SET
# depends on the slot's own row and on a constant, never on what was read elsewhere.
_TAKE = """
WITH free AS MATERIALIZED (
  SELECT slot FROM budget_slot
   WHERE line = %(line)s::text AND month = %(month)s::date AND remaining >= %(points)s::bigint
   ORDER BY (slot + %(seed)s) %% %(slots)s LIMIT 1 FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE budget_slot b SET remaining = b.remaining - %(points)s::bigint FROM free
   WHERE b.line = %(line)s::text AND b.month = %(month)s::date AND b.slot = free.slot
     AND b.remaining >= %(points)s::bigint
  RETURNING 1
)
INSERT INTO budget_draw (line, month, id, points, drawn_at)
SELECT %(line)s::text, %(month)s::date, %(id)s::uuid, %(points)s::bigint, %(now)s::timestamptz
  FROM taken
"""
_LOCK = """
SELECT slot FROM budget_slot WHERE line = %(line)s::text AND month = %(month)s::date
 ORDER BY slot FOR UPDATE
"""
_FILL = """
UPDATE budget_slot b SET remaining = t.rest
  FROM unnest(%(slots)b::smallint[], %(rest)b::bigint[]) AS t (slot, rest)
 WHERE b.line = %(line)s::text AND b.month = %(month)s::date AND b.slot = t.slot
"""
_NOTE = """
INSERT INTO budget_draw (line, month, id, points, drawn_at)
VALUES (%(line)s::text, %(month)s::date, %(id)s::uuid, %(points)s::bigint, %(now)s::timestamptz)
"""
_OPEN = """
INSERT INTO budget_month (line, month, points)
SELECT %(line)s::text, %(month)s::date, coalesce(points, 0) FROM budget
 WHERE line = %(line)s::text AND from_month <= %(month)s::date
 ORDER BY from_month DESC, version DESC LIMIT 1
ON CONFLICT DO NOTHING
RETURNING points
"""
_CUT = """
INSERT INTO budget_slot (line, month, slot, remaining)
SELECT %(line)s::text, %(month)s::date, slot, rest
  FROM unnest(%(slots)b::smallint[], %(rest)b::bigint[]) AS t (slot, rest)
"""
_TOTAL = """
UPDATE budget_month SET points = %(points)s::bigint
 WHERE line = %(line)s::text AND month = %(month)s::date
"""
