"""Use case: note that a batch came, and what became of it: counts, never contents."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records had which outcome, and what was credited: grams and points, whole."""

    records: int = 0
    credited: int = 0
    duplicate: int = 0
    held: int = 0
    rejected: int = 0
    grams: int = 0
    points: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            self.records + other.records,
            self.credited + other.credited,
            self.duplicate + other.duplicate,
            self.held + other.held,
            self.rejected + other.rejected,
            self.grams + other.grams,
            self.points + other.points,
        )


async def note(tx: Tx, *, batch_id: UUID, provider_id: int, tally: Tally, now: datetime) -> None:
    """Keep one row about the batch, in the transaction that credited it."""
    await tx.execute(
        _NOTE,
        (
            batch_id,
            provider_id,
            now,
            tally.records,
            tally.credited,
            tally.duplicate,
            tally.held,
            tally.rejected,
            tally.grams,
            tally.points,
        ),
    )


_NOTE = """
INSERT INTO batch (id, provider_id, received_at, records, credited, duplicate, held, rejected,
                   grams, points)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
