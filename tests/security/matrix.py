"""Who may come through which door, as ``matrix.csv`` says it, and somebody of each role to try."""

import csv
from pathlib import Path
from uuid import uuid4

from fastapi import FastAPI

from app.database import Tx
from app.people.offices import Office
from app.people.register import register_officer
from app.people.seats import Role, Seat
from app.people.tokens import Audience
from tests.api.doors import token
from tests.make import NOON

FILE = Path(__file__).parent / "matrix.csv"
ROLES = (
    "anonymous", "citizen", "manager", "cashier", "accountant", "provider",
    "operator", "methodologist", "finance", "reviewer", "auditor",
)  # fmt: skip


def expected() -> dict[tuple[str, str], dict[str, bool]]:
    """Method and path -> role -> whether it is let in."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            (row["method"], row["path"]): {role: row[role] == "yes" for role in ROLES}
            for row in csv.DictReader(file)
        }


async def bearers(tx: Tx, app: FastAPI) -> dict[str, str | None]:
    """A good token of each role; the officers exist, because some doors ask for their row."""
    tokens = app.state.tokens
    found = {
        "anonymous": None,
        "citizen": token(tokens, Audience.citizen, now=NOON),
        "provider": token(tokens, Audience.provider, now=NOON),
    }
    for role in Role:
        found[role.value] = token(tokens, Audience.merchant, now=NOON, seat=Seat(role))
    for office in Office:
        officer = await register_officer(tx, name=f"o-{uuid4()}", role=office.value, now=NOON)
        found[office.value] = token(
            tokens, Audience.officer, now=NOON, subject=str(officer), offices=frozenset({office})
        )
    return found
