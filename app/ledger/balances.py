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


async def balance(tx: Tx, *, account_id: int) -> BalanceView:
    """The account's points and its lots; an account nobody has credited has none.

    A lot's remainder is read off the axis: held points are taken from the oldest lots.
    """
    key = (bucket_of(account_id), account_id, POINTS)
    rows = await (await tx.execute(_BALANCE, key)).fetchall()
    if not rows:
        return BalanceView(0, 0, 0, 0, ())
    earned, consumed, held, version = rows[0][:4]
    lots = tuple(Lot(expires_on, left) for *_, expires_on, left in rows if left)
    return BalanceView(earned, consumed, held, version, lots)


_BALANCE = """
SELECT b.earned, b.consumed, b.held, b.last_seq, l.expires_on,
       greatest(0, l.cum_earned - greatest(b.consumed + b.held,
                coalesce(lag(l.cum_earned) OVER (ORDER BY l.expires_on), 0))) AS left_in_lot
  FROM balance b
  LEFT JOIN lot l ON l.bucket = b.bucket AND l.account_id = b.account_id AND l.unit = b.unit
 WHERE b.bucket = %s AND b.account_id = %s AND b.unit = %s
 ORDER BY l.expires_on
"""
