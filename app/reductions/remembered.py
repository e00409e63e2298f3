"""Answers of a part of a delivery, as they are kept until the whole is counted: packed JSON.

Lanes and parts of a file keep theirs in one table, and read what the other left behind.
"""

import zlib
from collections.abc import Sequence

import msgspec

from app.reductions.decisions import Outcome

LEVEL = 1


def packed(outcomes: Sequence[Outcome]) -> bytes:
    """Outcomes as they are kept."""
    return zlib.compress(msgspec.json.encode(outcomes), LEVEL)


def unpacked(body: bytes) -> list[Outcome]:
    """The outcomes again."""
    return _decode(zlib.decompress(body))


_decode = msgspec.json.Decoder(list[Outcome]).decode
