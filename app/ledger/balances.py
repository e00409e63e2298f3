"""Reads: what an account has, and what of it expires when. One statement each."""

from dataclasses import dataclass
from datetime import date

from app.database import Tx
from app.ids import bucket_of
from app.ledger.units import POINTS


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that can be spent until the end of ``expires_on``."""

    expires_on: date
    points: int


@dataclass(frozen=True, slots=True)
class BalanceView:
    """An account's points; ``version`` grows with every entry and every hold changes `held`."""

    earned: int
    consumed: int
    held: int
    version: int
    lots: tuple[Lot, ...]

    @property
    def available(self) -> int:
        """What can be spent at this moment."""
        return self.earned - self.consumed - self.held


async def balance(tx: Tx, *, account_id: int, unit: int = POINTS) -> BalanceView:
    """The account's points and its lots; an account nobody has credited has none.

    A lot's remainder is read off the axis: held points are taken from the oldest lots.
    """
    key = (bucket_of(account_id), account_id, unit)
    rows = await (await tx.execute(_BALANCE, key)).fetchall()
    if not rows:
        return BalanceView(0, 0, 0, 0, ())
    earned, consumed, held, version = rows[0][:4]
    lots = tuple(Lot(expires_on, left) for *_, expires_on, left in rows if left)
    return BalanceView(earned, consumed, held, version, lots)


async def wallet(tx: Tx, *, account_id: int) -> dict[str, BalanceView]:
    """The account's points in every unit it ever had, by the unit's code, in one statement."""
    rows = await (await tx.execute(_WALLET, (bucket_of(account_id), account_id))).fetchall()
    views: dict[str, BalanceView] = {}
    for code, earned, consumed, held, version, expires_on, left in rows:
        before = views[code].lots if code in views else ()
        lots = (*before, Lot(expires_on, left)) if left else before
        views[code] = BalanceView(earned, consumed, held, version, lots)
    return views


_BALANCE = """
SELECT b.earned, b.consumed, b.held, b.last_seq, m.expires_on,
       greatest(0, m.cum_earned - greatest(b.consumed + b.held,
                coalesce(lag(m.cum_earned) OVER (ORDER BY m.expires_on), 0))) AS left_in_lot
  FROM balance b
  LEFT JOIN LATERAL (
    SELECT l.expires_on, l.cum_earned FROM lot l
     WHERE l.bucket = b.bucket AND l.account_id = b.account_id AND l.unit = b.unit
       AND l.cum_earned > b.consumed + b.held
     UNION ALL SELECT b.last_expiry, b.earned WHERE b.earned > b.consumed + b.held) AS m ON true
 WHERE b.bucket = %s AND b.account_id = %s AND b.unit = %s
 ORDER BY m.expires_on
"""
_WALLET = """
SELECT u.code, b.earned, b.consumed, b.held, b.last_seq, m.expires_on,
       greatest(0, m.cum_earned - greatest(b.consumed + b.held,
                coalesce(lag(m.cum_earned) OVER (PARTITION BY b.unit ORDER BY m.expires_on), 0)))
  FROM balance b JOIN unit u ON u.id = b.unit
  LEFT JOIN LATERAL (
    SELECT l.expires_on, l.cum_earned FROM lot l
     WHERE l.bucket = b.bucket AND l.account_id = b.account_id AND l.unit = b.unit
       AND l.cum_earned > b.consumed + b.held
     UNION ALL SELECT b.last_expiry, b.earned WHERE b.earned > b.consumed + b.held) AS m ON true
 WHERE b.bucket = %s AND b.account_id = %s
 ORDER BY b.unit, m.expires_on
"""
