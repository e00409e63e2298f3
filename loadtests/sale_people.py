"""The people of a sale: most try once, some try in every way that a limit must withstand."""

from collections import Counter
from enum import Enum

from loadtests.citizens import account

BOT_EVERY = 10_000
BOT_TRIES = 150
"""More than one citizen may write in a minute."""


class Habit(Enum):
    """How somebody behaves at the bell."""

    plain = "asks once"
    impatient = "sends one request twice at once, with one key"
    greedy = "sends two requests at once, with two keys"
    again = "sends the answered request once more"
    sharing = "shares a device with two others"
    penniless = "has no points"
    bot = "sends 150 requests"


def habit_of(n: int) -> Habit:
    """The n-th citizen's habit: of a hundred, eighty are plain."""
    if n % BOT_EVERY == 0:
        return Habit.bot
    at = n % 100
    for least, habit in _LEAST:
        if at >= least:
            return habit
    return Habit.plain


_LEAST = (
    (99, Habit.penniless),
    (96, Habit.sharing),
    (93, Habit.again),
    (88, Habit.greedy),
    (80, Habit.impatient),
)


def device_of(n: int) -> str:
    """What the phone calls itself; three who share have one phone."""
    return f"device-{n // 100 if habit_of(n) is Habit.sharing else f'{n}-own'}-of-a-citizen"


def keys_of(n: int, prefix: str) -> list[str]:
    """The Idempotency-Keys that the n-th citizen sends, some of them twice."""
    key = f"{prefix}-{n}"
    return {
        Habit.impatient: [key, key],
        Habit.greedy: [key, f"{key}-two"],
        Habit.bot: [f"{key}-{each}" for each in range(BOT_TRIES)],
    }.get(habit_of(n), [key])


def account_of(n: int) -> int:
    """The n-th citizen's account."""
    return account(n)


def habits(numbers: range) -> dict[str, int]:
    """How many there are of each."""
    return dict(Counter(habit_of(n).value for n in numbers))
