"""Door for `puhui verify --seals --kept`: is the book still the one whose heads somebody kept?

Whoever owns the machine can undo everything since some moment, seals and all, and what is left
agrees with itself. Only what was kept elsewhere tells: answers of ``GET /v1/log/seals``, and the
worker's log, which names the chain of each round as it is sealed. Both are read as they are.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.database import Tx
from app.ledger.seal_verify import Breach


@dataclass(frozen=True, slots=True)
class Kept:
    """Chains in hexadecimal: of published days by their date, of rounds by their number."""

    days: dict[date, set[str]] = field(default_factory=dict)
    rounds: dict[int, set[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.days) + len(self.rounds)


def read(text: str) -> Kept:
    """The heads in a text: one JSON document, or one a line; the rest is passed over."""
    kept = Kept()
    for each in _objects(text):
        chain = each.get("chain")
        if not isinstance(chain, str):
            continue
        day, number = each.get("day"), each.get("round")
        if isinstance(day, str):
            with suppress(ValueError):  # a log has days of other kinds
                kept.days.setdefault(date.fromisoformat(day), set()).add(chain)
        elif isinstance(number, int):
            kept.rounds.setdefault(number, set()).add(chain)
    return kept


async def compare(tx: Tx, *, kept: Kept) -> list[Breach]:
    """What was kept and is not there any more, or not the same."""
    days = {day: bytes(chain).hex() async for day, chain in await tx.execute(_DAYS)}
    arguments = {"rounds": sorted(kept.rounds)}
    rounds = {
        number: bytes(chain).hex() async for number, chain in await tx.execute(_ROUNDS, arguments)
    }
    return [
        *(
            Breach("head_rewritten" if day in days else "head_lost", None, day.isoformat())
            for day, chains in sorted(kept.days.items())
            if chains != {days.get(day)}
        ),
        *(
            Breach("head_rewritten" if number in rounds else "head_lost", None, number)
            for number, chains in sorted(kept.rounds.items())
            if chains != {rounds.get(number)}
        ),
    ]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    try:
        documents = [json.loads(text)]
    except ValueError:
        documents = [_document(line) for line in text.splitlines()]
    while documents:
        found = documents.pop()
        if isinstance(found, list):
            documents += found
        elif isinstance(found, dict):
            documents.append(found.get("items"))
            yield found


def _document(line: str) -> object:
    """A line of a log, from its first brace on; None if it is no JSON."""
    try:
        return json.loads(line[line.index("{") :])
    except ValueError:
        return None


_DAYS = "SELECT day, chain FROM seal_day"
_ROUNDS = "SELECT nth, chain FROM seal_round WHERE nth = ANY (%(rounds)b::bigint[])"
