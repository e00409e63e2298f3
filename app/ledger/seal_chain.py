"""What a seal says, byte by byte, so that anybody can check one with a page of their own code.

All integers are signed, 8 bytes, big-endian. A time is the integer number of microseconds since
2000-01-01T00:00:00Z. ``||`` puts byte strings together; hashes are SHA-256, 32 bytes.

canonical entry, 112 bytes: bucket || account_id || unit || seq || kind || amount || contra ||
    ref (16 bytes) || earned_after || consumed_after || effective_at || posted_at || xid
leaf      = SHA-256(0x00 || canonical entry)
root      = Merkle tree hash over the leaves in the order of (xid, account_id, unit, seq):
            a node is SHA-256(0x01 || left || right), split as RFC 6962, section 2.1, says
chain(n)  = SHA-256(0x02 || chain(n-1) || root || bucket || n || after_xid || upto_xid ||
            entries || sealed_at), with chain(0) = 32 zero bytes: one chain for each bucket

A round seals all buckets with news at once and chains them together:

leaf      = SHA-256(0x00 || bucket || nth of its seal || chain of its seal), ordered by bucket
round(n)  = SHA-256(0x03 || round(n-1) || root || n || after_xid || upto_xid || seals || entries ||
            sealed_at)

A day publishes one root over the heads of all buckets:

leaf      = SHA-256(0x00 || bucket || nth of its newest seal || chain of that), ordered by bucket
day(d)    = SHA-256(0x04 || day(the one before) || root || days since 2000-01-01 || newest round ||
            buckets || entries sealed so far || sealed_at)

Every field has a fixed width, so no two different entries have the same bytes; the first byte
tells leaves, nodes, seals, rounds and days apart.

Source: RFC 6962, section 2.1 (Merkle hash trees); FIPS 180-4 (SHA-256).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

ENTRY_BYTES = 112
FIRST_LINK = bytes(32)
"""What the first link of a chain is linked to."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

CANONICAL = """int8send(bucket) || int8send(account_id) || int8send(unit) || int8send(seq) ||
    int8send(kind) || int8send(amount) || int8send(contra) || uuid_send(ref) ||
    int8send(earned_after) || int8send(consumed_after) || timestamptz_send(effective_at) ||
    timestamptz_send(posted_at) || int8send(xid)"""
"""The canonical entry as PostgreSQL writes it; its integers widen to 8 bytes by themselves."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of a bucket's chain, as it is stored."""

    bucket: int
    nth: int
    after_xid: int
    upto_xid: int
    entries: int
    root: bytes
    chain: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Round:
    """One sealing of all buckets with news, as it is stored."""

    nth: int
    after_xid: int
    upto_xid: int
    seals: int
    entries: int
    root: bytes
    chain: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal of a bucket; a bucket without one is at nth 0."""

    bucket: int
    nth: int = 0
    upto_xid: int = 0
    chain: bytes = FIRST_LINK


def microseconds(at: datetime) -> int:
    """A time as an integer."""
    return (at - _EPOCH) // _MICROSECOND


def seal_link(before: bytes, seal: Seal) -> bytes:
    """What ``seal.chain`` must be, after ``before``."""
    numbers = (seal.bucket, seal.nth, seal.after_xid, seal.upto_xid, seal.entries)
    return _link(b"\x02", before, seal.root, *numbers, microseconds(seal.sealed_at))


def round_link(before: bytes, done: Round) -> bytes:
    """What ``done.chain`` must be, after ``before``."""
    numbers = (done.nth, done.after_xid, done.upto_xid, done.seals, done.entries)
    return _link(b"\x03", before, done.root, *numbers, microseconds(done.sealed_at))


def day_link(
    before: bytes, *, root: bytes, day: date, numbers: Sequence[int], sealed_at: datetime
) -> bytes:
    """What a day's ``chain`` must be; ``numbers`` are its newest round, buckets and entries."""
    days = (day - _EPOCH.date()).days
    return _link(b"\x04", before, root, days, *numbers, microseconds(sealed_at))


def head_leaf(bucket: int, nth: int, chain: bytes) -> bytes:
    """A bucket's head as a leaf of a round's or a day's tree."""
    return sha256(b"\x00" + struct.pack(">qq", bucket, nth) + chain).digest()


def _link(kind: bytes, before: bytes, root: bytes, *numbers: int) -> bytes:
    return sha256(kind + before + root + struct.pack(f">{len(numbers)}q", *numbers)).digest()
