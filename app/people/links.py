"""Door: whose record is it? Answered for a whole batch by one query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from app.columns import uuids
from app.database import Tx


class Holder(msgspec.Struct, frozen=True):
    """Somebody who holds, or held, a card, and the scenarios they agree to now."""

    account_id: int
    valid_from: datetime
    valid_until: datetime | None
    scenarios: frozenset[str]

    def held_it_at(self, moment: datetime) -> bool:
        """Whether the card was this person's at that moment; half-open."""
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)


@dataclass(frozen=True, slots=True)
class LinkView:
    """One of a citizen's own links."""

    id: UUID
    provider_id: int
    scenarios: tuple[str, ...]
    valid_from: datetime


async def holders(
    tx: Tx, *, provider_id: int, subjects: Iterable[UUID]
) -> Mapping[UUID, tuple[Holder, ...]]:
    """Everybody who ever held each card; a card nobody linked is not in the answer.

    Args:
        provider_id: whose cards these are.
        subjects: digests of the cards (`subjects.digest_of`).

    """
    rows = await tx.execute(
        _HOLDERS, {"provider": provider_id, "subjects": uuids(list(set(subjects)))}
    )
    found: dict[UUID, tuple[Holder, ...]] = {}
    for subject, account_id, valid_from, valid_until, scenarios in await rows.fetchall():
        holder = Holder(account_id, valid_from, valid_until, frozenset(scenarios))
        found[subject] = (*found.get(subject, ()), holder)
    return found


async def of_account(tx: Tx, *, account_id: int) -> list[LinkView]:
    """A citizen's open links, oldest first, with the scenarios agreed to."""
    rows = await tx.execute(_MINE, {"account": account_id})
    return [
        LinkView(subject, provider_id, tuple(sorted(scenarios)), valid_from)
        async for subject, provider_id, scenarios, valid_from in rows
    ]


_AGREED = """
ARRAY(SELECT DISTINCT c.scenario::text FROM consent c
       WHERE c.bucket = (l.account_id %% 1024)::smallint AND c.account_id = l.account_id
         AND c.provider_id = l.provider_id AND c.withdrawn_at IS NULL)
"""
_HOLDERS = f"""
SELECT l.subject, l.account_id, l.valid_from, l.valid_until, {_AGREED}
  FROM link l
 WHERE l.provider_id = %(provider)s AND l.subject = ANY(%(subjects)b::uuid[])
"""
_MINE = f"""
SELECT l.subject, l.provider_id, {_AGREED}, l.valid_from
  FROM link l WHERE l.account_id = %(account)s AND l.valid_until IS NULL
 ORDER BY l.valid_from, l.subject
"""
