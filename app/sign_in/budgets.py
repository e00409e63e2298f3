"""How often somebody may do something: exact sliding windows, kept in PostgreSQL.

A budget is a row with the times of the last uses, newest first. To use it is one guarded
statement: the row's lock puts concurrent uses in line, so no burst slips through, and an emptied
Redis forgets nothing. What everybody does together is counted by the hour in sixteen slots, so
that nobody waits for strangers; that count may run over by the calls under way.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database import Tx

SLOTS = 16


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``most`` uses in any stretch of ``seconds``."""

    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Budget:
    """A kind of use, whose it is (a keyed digest), and its windows."""

    kind: str
    who: bytes
    windows: tuple[Window, ...]


async def use(tx: Tx, *, budgets: Sequence[Budget], now: datetime) -> int:
    """Use every budget once, or none of them; the caller undoes the transaction on refusal.

    Args:
        tx: the caller's transaction; the budgets' rows stay locked until its end.
        budgets: taken in one order by everybody, so that two callers never wait crosswise.
        now: when (UTC).

    Returns:
        0, or after how many seconds the first budget that refused has room again.

    """
    for budget in sorted(budgets, key=lambda each: (each.kind, each.who)):
        arguments = _arguments(budget, now)
        if (await tx.execute(_USE, arguments)).rowcount == 0:
            return await _wait_s(tx, budget, now)
    return 0


async def give_back(tx: Tx, *, budgets: Sequence[Budget]) -> None:
    """Undo the last use of each: only right while the row is locked by `use`."""
    for budget in budgets:
        await tx.execute(_GIVE_BACK, (budget.kind, budget.who))


async def count(tx: Tx, *, kind: str, now: datetime) -> None:
    """Count something that happened to everybody together, in this hour."""
    await tx.execute(_COUNT, (kind, _hour(now), secrets.randbelow(SLOTS)))


async def counted(tx: Tx, *, kind: str, now: datetime) -> int:
    """How often it happened in this hour."""
    row = await (await tx.execute(_COUNTED, (kind, _hour(now)))).fetchone()
    assert row is not None, "an aggregate always answers"
    return int(row[0])


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _arguments(budget: Budget, now: datetime) -> dict[str, object]:
    return {
        "kind": budget.kind,
        "who": budget.who,
        "now": now,
        "most": [each.most for each in budget.windows],
        "since": [now - timedelta(seconds=each.seconds) for each in budget.windows],
        "kept": max(each.most for each in budget.windows),
    }


async def _wait_s(tx: Tx, budget: Budget, now: datetime) -> int:
    row = await (await tx.execute(_TIMES, (budget.kind, budget.who))).fetchone()
    times: list[datetime] = row[0] if row is not None else []
    ends = [
        times[each.most - 1] + timedelta(seconds=each.seconds)
        for each in budget.windows
        if len(times) >= each.most
    ]
    return max([1, *(-((now - end) // timedelta(seconds=1)) for end in ends)])


# The nth newest use must lie outside the window of n; a row with fewer uses has room.
_USE = """
INSERT INTO sign_in_budget AS b (kind, who, last_at, times)
VALUES (%(kind)s, %(who)s, %(now)s, ARRAY[%(now)s::timestamptz])
ON CONFLICT (kind, who) DO UPDATE
   SET last_at = excluded.last_at, times = (excluded.times || b.times)[1:%(kept)s]
 WHERE NOT EXISTS (
   SELECT FROM unnest(%(most)s::int[], %(since)s::timestamptz[]) AS w (most, since)
    WHERE b.times[w.most] > w.since)
"""
_GIVE_BACK = """
UPDATE sign_in_budget SET times = times[2:] WHERE kind = %s AND who = %s
"""
_TIMES = "SELECT times FROM sign_in_budget WHERE kind = %s AND who = %s"
_COUNT = """
INSERT INTO sign_in_count AS c (kind, hour_at, slot, used) VALUES (%s, %s, %s, 1)
ON CONFLICT (kind, hour_at, slot) DO UPDATE SET used = c.used + 1
"""
_COUNTED = "SELECT coalesce(sum(used), 0) FROM sign_in_count WHERE kind = %s AND hour_at = %s"
