"""Units: a dimension and an exact power of ten. A closed list; nothing is converted by sevens.

Hour, minute, second and day are dimensions of their own, as are kilowatt-hour and
kilojoule: between them a formula writes the number it uses (``60 [min/h]``), so a reader
sees it and every scale left is a power of ten, hence exact.
"""

from dataclasses import dataclass
from functools import lru_cache

_BASE = {
    "g_co2e": {"gCO2e": 0, "kgCO2e": 3, "tCO2e": 6},
    "kg": {"g": -3, "kg": 0, "t": 3},
    "km": {"mm": -6, "cm": -5, "m": -3, "km": 0, "100km": 2},
    "kWh": {"Wh": -3, "kWh": 0, "MWh": 3},
    "kJ": {"kJ": 0, "MJ": 3, "GJ": 6},
    "L": {"mL": -3, "L": 0, "m3": 3},
    "K": {"K": 0},
    "CNY": {"fen": -2, "CNY": 0},
    "p": {"p": 0},
    "trip": {"trip": 0},
    "item": {"item": 0},
    "s": {"s": 0},
    "min": {"min": 0},
    "h": {"h": 0},
    "day": {"day": 0},
    "month": {"month": 0},
    "year": {"year": 0},
}
Powers = tuple[tuple[str, int], ...]

_SYMBOLS: dict[str, tuple[Powers, int]] = {
    symbol: (((base, 1),), ten)
    for base, symbols in _BASE.items()
    for symbol, ten in symbols.items()
} | {
    "W": ((("h", -1), ("kWh", 1)), -3),
    "kW": ((("h", -1), ("kWh", 1)), 0),
}
SYMBOLS = frozenset(_SYMBOLS)
"""Every unit symbol there is, besides ``1``."""
POWER_MAX = 6


@dataclass(frozen=True, slots=True)
class Unit:
    """A dimension (powers of base units, sorted) and a scale of ten to the ``ten``."""

    powers: Powers = ()
    ten: int = 0

    def times(self, other: "Unit", sign: int = 1) -> "Unit":
        """The unit of a product, or with ``sign`` -1 of a quotient."""
        powers = dict(self.powers)
        for base, power in other.powers:
            powers[base] = powers.get(base, 0) + sign * power
        kept = sorted((base, power) for base, power in powers.items() if power)
        return Unit(tuple(kept), self.ten + sign * other.ten)

    def __str__(self) -> str:
        """For messages: the dimension in base units."""
        above = [base for base, power in self.powers for _ in range(power)]
        below = [base for base, power in self.powers for _ in range(-power)]
        names = {"g_co2e": "gCO2e"}
        shown = ".".join(names.get(base, base) for base in above) or "1"
        return shown + "".join(f"/{names.get(base, base)}" for base in below)


NUMBER = Unit()
CO2E = Unit((("g_co2e", 1),))


@lru_cache(maxsize=1024)
def unit(text: str) -> Unit:
    """Read ``kgCO2e/p.km``: groups divided by ``/``, symbols in a group multiplied by ``.``.

    Raises:
        ValueError: a symbol is not in the list, or stands too often.
    """
    found = NUMBER
    for index, group in enumerate(text.split("/")):
        for symbol in group.split("."):
            if symbol == "1" and index == 0 and group == "1":
                continue
            if symbol not in _SYMBOLS:
                raise ValueError(f"there is no unit {symbol[:20]!r}")
            powers, ten = _SYMBOLS[symbol]
            found = found.times(Unit(powers, ten), -1 if index else 1)
    if any(abs(power) > POWER_MAX for _, power in found.powers):
        raise ValueError(f"a unit stands at most {POWER_MAX} times")
    return found
