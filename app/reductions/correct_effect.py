"""What a correction would come to: counted chunk by chunk, against what its people have left."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.database import Tx
from app.ledger.adjust import Adjustment, available, settle_account
from app.reductions.correct_scan import Change

MOVERS = 20
"""How many of the acts that change most are shown."""


@dataclass(slots=True)
class Effect:
    """What a correction would do; whole grams and points, signed where they may fall."""

    looked_at: int = 0
    affected: int = 0
    uncomputable: int = 0
    grams: int = 0
    points: int = 0
    booked_up: int = 0
    booked_down: int = 0
    shortfall: int = 0
    complete: bool = True
    accounts: dict[int, int] = field(default_factory=dict)
    movers: list[tuple[int, str, Change]] = field(default_factory=list)

    async def add(self, tx: Tx, changes: Sequence[Change]) -> None:
        """Count a chunk's changes against what its accounts have left."""
        new = {change.before.account_id for change in changes} - self.accounts.keys()
        self.accounts |= await available(tx, account_ids=sorted(new)) if new else {}
        for change in changes:
            before = change.before
            wish = Adjustment(
                before.account_id, change.points, before.id, before.occurred_at, max(0, before.owed)
            )
            (answer,) = settle_account(self.accounts[before.account_id], [wish])
            self.accounts[before.account_id] += answer.booked
            self.affected += 1
            self.grams += change.grams
            self.points += change.points
            self.booked_up += max(0, answer.booked)
            self.booked_down += max(0, -answer.booked)
            self.shortfall += answer.shortfall
            mover = (abs(change.grams), str(before.id), change)
            if len(self.movers) < MOVERS:
                heapq.heappush(self.movers, mover)
            else:
                heapq.heappushpop(self.movers, mover)

    def summary(self, budget: Mapping[str, int] | None) -> dict[str, Any]:
        """The figures as both officers see them; no account is named."""
        figures = (
            *("looked_at", "affected", "uncomputable", "grams", "points", "booked_up"),
            *("booked_down", "shortfall", "complete"),
        )
        return {
            **{name: getattr(self, name) for name in figures},
            "people": len(self.accounts),
            "budget": dict(budget) if budget is not None else None,
            "top_movers": [
                {
                    "reduction_id": key,
                    "occurred_on": change.before.occurred_on.isoformat(),
                    "grams_before": change.before.grams,
                    "grams_after": change.grams_after,
                    "points_before": change.before.points,
                    "points_after": change.points_after,
                }
                for _, key, change in sorted(self.movers, key=lambda each: each[:2], reverse=True)
            ],
        }
