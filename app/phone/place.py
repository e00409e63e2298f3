"""A place in a citizen's changes: what has been told, so that nothing is lost or told twice.

Entries are counted in steps, two each: an entry may be told as two events, and a stream may break
between them. Messages are placed by their transaction and id. As text it is the id of an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from app.pages import BadCursor, cursor_of, key_of

STEPS = 2
"""How many events an entry may be told as."""
_UNITS_MAX = 100
_NEWEST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Place:
    """What has been told: steps by unit of points, and the last message."""

    steps: Mapping[int, int]
    xid: int
    message_id: UUID

    @classmethod
    def after(cls, last: Mapping[int, int], watermark_xid: int) -> Self:
        """Everything up to these entries, and all messages below the watermark."""
        return cls({unit: STEPS * seq for unit, seq in last.items()}, watermark_xid - 1, _NEWEST)

    @classmethod
    def read(cls, text: str) -> Self:
        """What `text` wrote.

        Raises:
            BadCursor: it is not such a text.

        """
        units, xid, message_id = key_of(text, str, int, str)
        try:
            pairs = [part.split(":") for part in str(units).split(",") if part]
            steps = {int(unit): int(step) for unit, step in pairs}
            place = cls(steps, int(xid), UUID(str(message_id)))
            if len(steps) > _UNITS_MAX or any(not 0 <= each < 2**31 for each in steps.values()):
                raise ValueError("no such step")
        except ValueError as error:
            raise BadCursor(
                "This is not the id of an event; ask without it to start with what comes.",
                "事件编号无效;请不带该编号重新开始。",
            ) from error
        return place

    @property
    def text(self) -> str:
        """The id of the event that ends here."""
        units = ",".join(f"{unit}:{step}" for unit, step in sorted(self.steps.items()))
        return cursor_of(units, self.xid, str(self.message_id))

    @property
    def seen(self) -> dict[int, int]:
        """The last entry of each unit that has been told whole."""
        return {unit: step // STEPS for unit, step in self.steps.items()}

    def at_step(self, unit: int, step: int) -> "Place":
        """A step further along a unit's entries."""
        return replace(self, steps={**self.steps, unit: step})

    def at_message(self, xid: int, message_id: UUID) -> "Place":
        """A message further."""
        return replace(self, xid=xid, message_id=message_id)
