"""What one check of ``puhui verify`` answers. Rooms write the checks; this file only names them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant, looked at on the live database.

    Attributes:
        name: a stable name, ``room.what_must_hold``.
        rows: how many rows were looked at; a check that looked at nothing proves nothing.
        breaches: how many of them break the invariant; anything but 0 is an incident.

    """

    name: str
    rows: int
    breaches: int
