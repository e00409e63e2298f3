"""Read: the trial balance. What accounts hold and what counter-accounts gave sum to zero.

One statement, hence one snapshot: the balances of that moment against the roll-up up to its
cursor and the entries above it.
"""

from dataclasses import dataclass

from app.database import Tx
from app.ledger.rollup import CONSUMER


@dataclass(frozen=True, slots=True)
class CounterTotal:
    """A counter-account's balance: negative where points came from, positive where they went."""

    number: int
    kind: str
    name_zh: str
    name_en: str
    points: int
    entries: int


@dataclass(frozen=True, slots=True)
class UnitTrial:
    """The trial balance of one unit; ``difference`` is zero, or something is very wrong.

    ``unit`` is its code; one that was never defined, which is wrong too, is told by its number.
    """

    unit: str
    accounts: int
    points: int
    held: int
    counter_accounts: tuple[CounterTotal, ...]

    @property
    def difference(self) -> int:
        """All accounts and all counter-accounts together."""
        return self.points + sum(each.points for each in self.counter_accounts)


@dataclass(frozen=True, slots=True)
class Trial:
    """The trial balances of all units; up to ``watermark_xid`` they come from the roll-up."""

    watermark_xid: int
    units: tuple[UnitTrial, ...]


async def balance(tx: Tx) -> Trial:
    """The trial balance of this moment; reads every balance."""
    rows = await (await tx.execute(_TRIAL, {"consumer": CONSUMER})).fetchall()
    sums: dict[str, tuple[int, int, int]] = {}
    counters: dict[str, list[CounterTotal]] = {}
    for unit, accounts, points, held, number, *told in rows:
        sums[unit] = (accounts, points, held)
        if number is not None:
            counters.setdefault(unit, []).append(CounterTotal(number, *told[:-1]))
    units = (UnitTrial(unit, *sums[unit], tuple(counters.get(unit, ()))) for unit in sums)
    return Trial(rows[0][-1] if rows else 0, tuple(units))


_TRIAL = """
WITH cursor AS MATERIALIZED (
  SELECT coalesce((SELECT xid FROM ledger_cursor WHERE consumer = %(consumer)s), 0) AS xid
), account AS (
  SELECT unit, count(*) AS accounts, sum(earned - consumed)::bigint AS points,
         sum(held)::bigint AS held
    FROM balance GROUP BY unit
), counter AS (
  SELECT unit, contra, -sum(points)::bigint AS points, sum(n)::bigint AS n
    FROM (SELECT unit, contra, points, n FROM rollup
           UNION ALL
          SELECT unit, contra, amount, 1 FROM entry WHERE xid > (SELECT xid FROM cursor)) AS moved
   GROUP BY unit, contra
)
SELECT coalesce(u.code, unit::text), coalesce(a.accounts, 0), coalesce(a.points, 0),
       coalesce(a.held, 0), c.contra, coalesce(k.kind, ''), coalesce(k.name_zh, ''),
       coalesce(k.name_en, ''), c.points, c.n, (SELECT xid FROM cursor)
  FROM account a FULL JOIN counter c USING (unit) LEFT JOIN unit u ON u.id = unit
       LEFT JOIN counter_account k ON k.number = c.contra
 ORDER BY unit, c.contra
"""
