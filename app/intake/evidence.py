"""Use case: keep the evidence of what is credited or held, one block for a batch.

Nothing is kept about a record that is refused. A block is packed: a line for each record, as
it was sent, in the order of the acts that point at it. Who a line is about stands with the
act, not here. A record's own number gives the act its id, a keyed digest: it outlives the
evidence, so no old record is ever credited again.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from app.database import Tx
from app.ids import uuid_of
from app.intake.records import Record

Place = tuple[int, int]
"""Where a record lies: the block's number, and the line in it."""

_AT_ONCE = 200
"""Blocks that are held in memory together."""
LEVEL = 1
"""Of packing: higher ones cost five times as much for a twelfth less."""
_json = msgspec.json.Encoder().encode
_VERSION_8 = 8 << 76
_VARIANT = 2 << 62
_FREE = ~(0xF << 76 | 0x3 << 62)


@dataclass(frozen=True, slots=True)
class Sent:
    """A record as its provider sent it, numbers with every digit."""

    provider_id: int
    received_at: datetime
    ref: str
    methodology: str
    data: Mapping[str, Any]


def act_id(secret: bytes, *, provider_id: int, ref: str) -> UUID:
    """The id of the act that a provider's record is about: the same one for ever.

    122 bits of a keyed digest, as a UUID of version 8 (RFC 9562, section 5.8): whoever has the
    key and the provider's number finds the act, and nobody else can tell which it is.
    """
    hashing = _keyed(secret, provider_id).copy()
    hashing.update(ref.encode())
    return uuid_of(int.from_bytes(hashing.digest(), "big") & _FREE | _VERSION_8 | _VARIANT)


@lru_cache(maxsize=1024)
def _keyed(secret: bytes, provider_id: int) -> "hashlib.blake2b":
    """The digest of what all ids of a provider's acts begin with: copied, never changed."""
    begun = f"record\n{provider_id}\n".encode()
    return hashlib.blake2b(begun, key=secret[:64], digest_size=16)


async def keep(
    tx: Tx, *, provider_id: int, bucket: int, records: Sequence[Record], now: datetime
) -> int:
    """Store the records as they were sent, in one row; returns the block's number.

    Args:
        provider_id: who sent them.
        bucket: of the first act, where the block lies when buckets lie apart.
        records: line by line.
        now: when they were received (UTC).

    """
    body = packed([line_of(record) for record in records])
    row = await (await tx.execute(_KEEP, (now, provider_id, bucket, body))).fetchone()
    assert row is not None, "an insert answers"
    number: int = row[0]
    return number


def line_of(record: Record) -> bytes:
    """One record as a line: its number, its methodology, its data."""
    return b"[%b,%b,%b]" % (_json(record.ref), _json(record.methodology), record.source())


def packed(lines: Sequence[bytes]) -> bytes:
    """Lines as they are stored; an empty one is a record that was erased."""
    return zlib.compress(b"\n".join(lines), LEVEL)


def unpacked(body: bytes) -> list[bytes]:
    """The lines again."""
    return zlib.decompress(body).split(b"\n")


async def of_places(tx: Tx, *, places: Iterable[Place]) -> dict[Place, Sent]:
    """The records at these places; those whose retention is over, or erased, are left out."""
    wanted: dict[int, list[int]] = {}
    for number, line in places:
        wanted.setdefault(number, []).append(line)
    found: dict[Place, Sent] = {}
    numbers = sorted(wanted)
    for first in range(0, len(numbers), _AT_ONCE):
        part = numbers[first : first + _AT_ONCE]
        rows = await tx.execute(_READ, {"numbers": part}, binary=True)
        async for number, provider_id, received_at, body in rows:
            lines = unpacked(body)
            for line in wanted[number]:
                if lines[line]:
                    found[number, line] = Sent(provider_id, received_at, *_read(lines[line]))
    return found


async def erase(tx: Tx, *, places: Iterable[Place]) -> int:
    """Write the blocks anew without these records; returns how many were there.

    The other records of a block keep their places.
    """
    wanted: dict[int, set[int]] = {}
    for number, line in places:
        wanted.setdefault(number, set()).add(line)
    gone = 0
    for number in sorted(wanted):
        while True:
            row = await (await tx.execute(_BODY, (number,), binary=True)).fetchone()
            if row is None:
                break
            lines = unpacked(row[0])
            there = [line for line in wanted[number] if lines[line]]
            for line in there:
                lines[line] = b""
            if not there or await _forget(tx, number, packed(lines), len(there), row[1]):
                gone += len(there)
                break
    return gone


async def _forget(tx: Tx, number: int, body: bytes, lines: int, seen: int) -> bool:
    """Write one block anew, unless somebody else did since it was read."""
    row = await (await tx.execute(_FORGET, (number, body, lines, seen))).fetchone()
    return row is not None and bool(row[0])


def _read(line: bytes) -> tuple[str, str, Mapping[str, Any]]:
    ref, methodology, data = json.loads(line, parse_float=Decimal)
    return ref, methodology, data


_KEEP = """
INSERT INTO evidence (received_at, provider_id, bucket, body) VALUES (%s, %s, %s, %b)
RETURNING no
"""
_READ = """
SELECT no, provider_id, received_at, body FROM evidence WHERE no = ANY(%(numbers)b::int[])
"""
_BODY = "SELECT body, erased FROM evidence WHERE no = %s"
_FORGET = "SELECT forget_evidence(%s, %b, %s, %s)"
