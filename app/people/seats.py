"""Who stands at a merchant's counter: the role in a merchant's token, and whose it is."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a merchant's token may do; a till is a cashier."""

    manager = "manager"
    cashier = "cashier"
    accountant = "accountant"


@dataclass(frozen=True, slots=True)
class Seat:
    """A place at a merchant's counter.

    Attributes:
        role: what it may do.
        store_id: where a till stands.
        till_id: the till, if it is one.
        key_id: the till's key that signed in; when it ends, so does the token.
        staff_id: the person, if it is one. Neither a till nor a person: a developer.

    """

    role: Role
    store_id: UUID | None = None
    till_id: UUID | None = None
    key_id: UUID | None = None
    staff_id: UUID | None = None

    def claims(self) -> dict[str, str]:
        """The seat as a token's claims."""
        found = {
            "role": self.role.value,
            "store": self.store_id,
            "till": self.till_id,
            "key": self.key_id,
            "staff": self.staff_id,
        }
        return {name: str(value) for name, value in found.items() if value is not None}


def seat_in(claims: dict[str, object]) -> Seat:
    """The seat in a verified token's claims.

    Raises:
        ValueError: there is no role, or an id is malformed.

    """
    till = {name: _id(claims, name) for name in ("store", "till", "key")}
    if len({value is None for value in till.values()}) != 1:
        raise ValueError("a till's token names its store, its till and its key")
    return Seat(
        Role(str(claims.get("role"))),
        till["store"],
        till["till"],
        till["key"],
        _id(claims, "staff"),
    )


def _id(claims: dict[str, object], name: str) -> UUID | None:
    return UUID(str(claims[name])) if name in claims else None
