"""The book of points in plain Python: lots in a list, entries in a list, no axis and no SQL.

Points are taken from the oldest lot and given back to the lots they left last. What the doors of
`app.ledger` promise is written out here a second time, the slow and obvious way.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from app.ledger.tables import Kind


@dataclass
class Lot:
    """Points with one last day; ``left`` of ``size`` are still there."""

    expires_on: date
    size: int
    left: int


@dataclass
class Line:
    """One entry as the model expects it; ``None`` where only the database can know."""

    kind: Kind
    amount: int
    contra: int
    ref: UUID
    effective_at: datetime | None
    after: int = 0
    posted_at: datetime | None = None


@dataclass
class Account:
    """One account's points of one unit."""

    lots: list[Lot] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    held: int = 0
    owed: int = 0
    borne: int = 0

    @property
    def total(self) -> int:
        """What is there, held points included."""
        return sum(lot.left for lot in self.lots)

    @property
    def available(self) -> int:
        """What can be spent."""
        return self.total - self.held

    def gain(self, line: Line, expires_on: date) -> None:
        """Points arrive; they never expire before those that came earlier."""
        last_day = max(expires_on, self.lots[-1].expires_on) if self.lots else expires_on
        if self.lots and self.lots[-1].expires_on == last_day:
            self.lots[-1].size += line.amount
            self.lots[-1].left += line.amount
        else:
            self.lots.append(Lot(last_day, line.amount, line.amount))
        self._write(line)

    def take(self, line: Line) -> None:
        """Points leave, the oldest first."""
        wanted = -line.amount
        for lot in self.lots:
            taken = min(wanted, lot.left)
            lot.left -= taken
            wanted -= taken
        assert wanted == 0, "the model never takes what is not there"
        self._write(line)

    def give_back(self, line: Line) -> None:
        """Points return to the lots they left last."""
        wanted = line.amount
        for lot in reversed(self.lots):
            returned = min(wanted, lot.size - lot.left)
            lot.left += returned
            wanted -= returned
        assert wanted == 0, "nothing comes back that never left"
        self._write(line)

    def claim(self, points: int, cap: int) -> tuple[int, int, int]:
        """A claw-back's parts: taken from what is there, owed up to the cap, borne by the reserve."""
        taken = min(points, self.available)
        owed = min(points - taken, max(cap - self.owed, 0))
        borne = points - taken - owed
        self.owed += owed
        self.borne += borne
        return taken, owed, borne

    def due(self, today: date) -> int:
        """What expires before today: the oldest points are the ones that are held."""
        gone = sum(lot.left for lot in self.lots if lot.expires_on < today)
        return max(gone - self.held, 0)

    def spendable_lots(self) -> list[tuple[date, int]]:
        """What of the available points expires when."""
        skip, found = self.held, []
        for lot in self.lots:
            free = max(lot.left - skip, 0)
            skip = max(skip - lot.left, 0)
            if free:
                found.append((lot.expires_on, free))
        return found

    def left_to_refund(self, spent_ref: UUID, refunds: dict[UUID, UUID]) -> int:
        """What was spent under a ref, less what came back of it."""
        spent = -sum(x.amount for x in self.lines if x.kind is Kind.redeem and x.ref == spent_ref)
        back = sum(
            x.amount
            for x in self.lines
            if x.kind is Kind.refund and refunds.get(x.ref) == spent_ref
        )
        return spent - back

    def _write(self, line: Line) -> None:
        line.after = (self.lines[-1].after if self.lines else 0) + line.amount
        self.lines.append(line)
