"""Which grams may become credits, how many of them, and how grams are shared out.

A citizen's own grams are never touched here: what is withheld is withheld from the batch.
"""

from collections.abc import Mapping
from decimal import Decimal

from methodologies.contract import EXACT, Factor, Quantification
from methodologies.manifest import Manifest, Tier

GRADES_FIT_FOR_POOLING = frozenset({"P", "R", "D"})
TIERS_FIT_FOR_POOLING = frozenset({"A", "B"})
_PERCENT_POOLED: Mapping[Tier, int] = {"A": 100, "B": 95}


def tier_of(manifest: Manifest, worth: Quantification | None = None) -> Tier:
    """The evidence tier of an act: its own, or the methodology's."""
    return (worth.tier if worth is not None else None) or manifest.evidence.tier


def may_be_pooled(
    manifest: Manifest, factors: Mapping[str, Factor], worth: Quantification | None = None
) -> bool:
    """Whether grams of this act may ever become credits; if not, it is points-only.

    Only if the methodology says so, the act itself does not rule it out (the engagement
    tranche of household electricity), the evidence is of tier A or B, and no factor is
    second-hand: a grade T or U anywhere, or a category default, makes the act points-only,
    even inside an enabled pack.

    Args:
        manifest: of the methodology.
        factors: those chosen for the act.
        worth: what the act came to; without it the methodology's own tier counts.
    """
    if not manifest.evidence.poolable or tier_of(manifest, worth) not in TIERS_FIT_FOR_POOLING:
        return False
    if worth is not None and not worth.poolable:
        return False
    return all(
        factor.grade in GRADES_FIT_FOR_POOLING and factor.variant != "default"
        for factor in factors.values()
    )


def pooled_grams(manifest: Manifest, factors: Mapping[str, Factor], worth: Quantification) -> int:
    """The grams a batch may take of one reduction: all of tier A, 95 % of tier B, or none."""
    if not may_be_pooled(manifest, factors, worth):
        return 0
    return worth.grams * _PERCENT_POOLED[tier_of(manifest, worth)] // 100


def split(grams: int, shares: Mapping[str, Decimal]) -> dict[str, int]:
    """Whole grams shared out by role, none lost: the largest remainders take what is left.

    Args:
        grams: not negative.
        shares: by role; they add up to one. Of equal remainders the earlier role goes first.
    """
    assert grams >= 0
    assert sum(shares.values()) == 1
    exact = {role: EXACT.multiply(Decimal(grams), share) for role, share in shares.items()}
    found = {role: int(value) for role, value in exact.items()}
    order = sorted(found, key=lambda role: found[role] - exact[role])
    for role in order[: grams - sum(found.values())]:
        found[role] += 1
    return found
