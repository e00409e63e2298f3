"""Caps over a day: how much of one the citizen has used, and what is left for an act.

Read under the citizen's lock, so nothing can be used twice. Caps fail closed: an act that
finds nothing left is rejected, and one that finds too little is cut (rule R6).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from app.catalogue.versions import Versions
from app.database import Tx
from app.reductions.decisions import Candidate
from methodologies.contract import EXACT, Cap

ACTS = "acts"

Place = tuple[int, date, str, str]
"""Account, civil day, methodology, and what is counted."""


class Used:
    """What each citizen's day holds already; grows as a batch is settled, in order."""

    def __init__(self) -> None:
        self._amounts: defaultdict[Place, Decimal] = defaultdict(Decimal)

    def add(
        self, account_id: int, day: date, methodology: str, counts: Mapping[str, Decimal]
    ) -> None:
        """One more act, and what its capped terms came to."""
        self._amounts[account_id, day, methodology, ACTS] += 1
        for name, amount in counts.items():
            place = (account_id, day, methodology, name)
            self._amounts[place] = EXACT.add(self._amounts[place], amount)

    def left(self, candidate: Candidate, cap: Cap) -> Decimal:
        """What the cap still allows; never below zero."""
        name = candidate.version.methodology.manifest.id
        used = self._amounts[candidate.account_id, candidate.day, name, cap.count]
        return max(Decimal(0), EXACT.subtract(cap.maximum, used))


async def used_by(tx: Tx, *, candidates: Sequence[Candidate], versions: Versions) -> Used:
    """Read the days the batch touches, in one statement."""
    used = Used()
    days = {
        (each.account_id, each.day) for each in candidates if each.version.methodology.manifest.caps
    }
    if not days:
        return used
    rows = await tx.execute(
        _USED, {"accounts": [day[0] for day in days], "days": [day[1] for day in days]}
    )
    async for account_id, day, version_id, counts in rows:
        name = versions.by_id[version_id].methodology.manifest.id
        amounts = {each: Decimal(amount) for each, amount in (counts or {}).items()}
        used.add(account_id, day, name, amounts)
    return used


_USED = """
SELECT r.account_id, r.occurred_on, r.version_id, r.counts
  FROM unnest(%(accounts)b::bigint[], %(days)b::date[]) AS t (account_id, day)
  JOIN reduction r ON r.bucket = (t.account_id %% 1024)::smallint
                  AND r.account_id = t.account_id AND r.occurred_on = t.day
"""
