"""A guess at a secret is paid for before it is looked at, and paid back if it was right.

So a hundred guesses that arrive together are a hundred payments in line, not a hundred looks at
a budget that still has room.
"""

from datetime import datetime

from app.database import Tx
from app.settings import SignInSettings
from app.sign_in import budgets, limits
from app.sign_in.errors import TooManyGuesses
from app.sign_in.origin import Origin


async def pay(
    tx: Tx, *, origin: Origin, sizes: SignInSettings, known: bool = False, now: datetime
) -> None:
    """Charge a guess to its device and network.

    Args:
        tx: the caller's transaction.
        origin: the device and the network.
        sizes: how often somebody may fail.
        known: who is guessed at signed in before on this device (`known_devices`): it pays for
            itself alone, whatever others have failed at.
        now: when (UTC).

    Raises:
        TooManyGuesses: one of them, or everybody together, has failed too often.

    """
    if (
        not known
        and await budgets.counted(tx, kind=limits.FAILURES, now=now) >= sizes.failures_per_hour
    ):
        raise refused(_rest_of_hour_s(now))
    wanted = limits.for_a_guess(sizes, origin=origin, known=known)
    wait_s = await budgets.use(tx, budgets=wanted, now=now)
    if wait_s:
        raise refused(wait_s)


async def pay_back(tx: Tx, *, origin: Origin, sizes: SignInSettings, known: bool = False) -> None:
    """The guess was right: it costs nothing; ``known`` as it was paid."""
    await budgets.give_back(tx, budgets=limits.for_a_guess(sizes, origin=origin, known=known))


async def note_failure(tx: Tx, *, now: datetime) -> None:
    """The guess was wrong: it stays paid, and counts for everybody together."""
    await budgets.count(tx, kind=limits.FAILURES, now=now)


def refused(wait_s: int) -> TooManyGuesses:
    """The refusal, with the time to wait."""
    return TooManyGuesses(
        f"Too many failures; try again in {wait_s} seconds.",
        f"失败次数过多,请在 {wait_s} 秒后重试。",
        retry_after_s=wait_s,
    )


def _rest_of_hour_s(now: datetime) -> int:
    return 3_600 - now.minute * 60 - now.second
