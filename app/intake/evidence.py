"""Use case: keep the evidence of what is credited or held, and the keys that make it unique.

Nothing is kept about a record that is refused. A natural key is a keyed digest of the
provider's own number; it outlives the evidence, so no old record is ever credited again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from app.database import Tx
from app.intake.records import Record


@dataclass(frozen=True, slots=True)
class Kept:
    """A record to keep: whose it is, and the id its reduction will share."""

    id: UUID
    account_id: int
    occurred_on: date
    key: UUID
    record: Record


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was kept under a natural key before."""

    account_id: int
    activity_id: UUID
    occurred_on: date


def key_of(secret: bytes, *, provider_id: int, ref: str) -> UUID:
    """The natural key of a provider's record; the same record has the same key for ever."""
    text = f"record\n{provider_id}\n{ref}".encode()
    return UUID(bytes=hashlib.blake2b(text, key=secret[:64], digest_size=16).digest())


async def earlier(tx: Tx, *, keys: Iterable[UUID]) -> Mapping[UUID, Earlier]:
    """Which of these records are known already, and what became of them."""
    rows = await tx.execute(_EARLIER, {"keys": list(keys)})
    return {key: Earlier(*rest) async for key, *rest in rows}


async def claim_keys(tx: Tx, *, kept: Sequence[Kept]) -> set[UUID]:
    """Take the natural keys, in key order; returns those that were free.

    A key that another transaction took in the meantime is missing from the answer: its record
    is a duplicate.
    """
    rows = await tx.execute(
        _CLAIM,
        {
            "keys": [each.key for each in kept],
            "accounts": [each.account_id for each in kept],
            "ids": [each.id for each in kept],
            "days": [each.occurred_on for each in kept],
        },
    )
    return {key async for (key,) in rows}


async def keep(tx: Tx, *, provider_id: int, kept: Sequence[Kept], now: datetime) -> None:
    """Store the evidence as it was sent, in one statement."""
    await tx.execute(
        _KEEP,
        {
            "accounts": [each.account_id for each in kept],
            "ids": [each.id for each in kept],
            "refs": [each.record.ref for each in kept],
            "methodologies": [each.record.methodology for each in kept],
            "data": [
                Jsonb({name: _text(value) for name, value in each.record.data.items()})
                for each in kept
            ],
            "provider": provider_id,
            "now": now,
        },
    )


def _text(value: object) -> str | list[str]:
    """A value as it is kept: text, or a list of texts; numbers keep every digit."""
    return [str(each) for each in value] if isinstance(value, list) else str(value)


_EARLIER = """
SELECT digest, account_id, activity_id, occurred_on
  FROM natural_key WHERE digest = ANY(%(keys)b::uuid[])
"""
_CLAIM = """
INSERT INTO natural_key (digest, account_id, activity_id, occurred_on)
SELECT * FROM unnest(%(keys)b::uuid[], %(accounts)b::bigint[], %(ids)b::uuid[],
                     %(days)b::date[]) AS t (key, account, id, day)
 ORDER BY key
ON CONFLICT DO NOTHING RETURNING digest
"""
_KEEP = """
INSERT INTO evidence (bucket, account_id, id, received_at, provider_id, ref, methodology, data)
SELECT (account %% 1024)::smallint, account, id, %(now)s, %(provider)s, ref, methodology, data
  FROM unnest(%(accounts)b::bigint[], %(ids)b::uuid[], %(refs)b::text[],
              %(methodologies)b::text[], %(data)b::jsonb[])
    AS t (account, id, ref, methodology, data)
"""
