"""Door: whose record is it? Answered for a whole batch by one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from app.columns import plain_cursor, uuid_bytes
from app.database import Tx


class Holder(msgspec.Struct, frozen=True):
    """Somebody who holds, or held, a card; what they agree to is asked under locks (`agreed`).

    Moments are microseconds (`methodologies.moments.us_of`); a batch compares a thousand.
    """

    account_id: int
    valid_from_us: int
    valid_until_us: int | None

    def held_it_at(self, moment_us: int) -> bool:
        """Whether the card was this person's at that moment; half-open."""
        if moment_us < self.valid_from_us:
            return False
        return self.valid_until_us is None or moment_us < self.valid_until_us


@dataclass(frozen=True, slots=True)
class LinkView:
    """One of a citizen's own links."""

    id: UUID
    provider_id: int
    scenarios: tuple[str, ...]
    valid_from: datetime


async def holders(
    tx: Tx, *, provider_id: int, subjects: Mapping[str, bytes]
) -> Mapping[str, tuple[Holder, ...]]:
    """Everybody who ever held each card; a card nobody linked is not in the answer.

    Args:
        tx: any transaction.
        provider_id: whose cards these are.
        subjects: the cards, each with its digest (`subjects.digests_of`).

    """
    rows = await plain_cursor(tx).execute(
        _HOLDERS, {"provider": provider_id, "subjects": uuid_bytes(list(subjects.values()))}
    )
    by_digest: dict[bytes, tuple[Holder, ...]] = {}
    for digest, account_id, from_us, until_us in await rows.fetchall():
        holder = Holder(account_id, from_us, until_us)
        others = by_digest.get(digest)
        by_digest[digest] = (holder,) if others is None else (*others, holder)
    return {
        subject: by_digest[digest] for subject, digest in subjects.items() if digest in by_digest
    }


async def of_account(tx: Tx, *, account_id: int) -> list[LinkView]:
    """A citizen's open links, oldest first, with the scenarios agreed to."""
    rows = await tx.execute(_MINE, {"account": account_id})
    return [
        LinkView(subject, provider_id, tuple(sorted(scenarios)), valid_from)
        async for subject, provider_id, scenarios, valid_from in rows
    ]


_HOLDERS = """
SELECT l.subject, l.account_id, l.valid_from, l.valid_until
  FROM link l
 WHERE l.provider_id = %(provider)s AND l.subject = ANY(%(subjects)b::uuid[])
"""
_MINE = """
SELECT l.subject, l.provider_id,
       ARRAY(SELECT DISTINCT c.scenario::text FROM consent c
              WHERE c.bucket = (l.account_id %% 1024)::smallint AND c.account_id = l.account_id
                AND c.provider_id = l.provider_id AND c.withdrawn_at IS NULL),
       l.valid_from
  FROM link l WHERE l.account_id = %(account)s AND l.valid_until IS NULL
 ORDER BY l.valid_from, l.subject
"""
