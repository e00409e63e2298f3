"""Merkle trees, pure: leaves, root, and the path from a leaf to the root.

Pairing neighbours level by level, and carrying a last one without neighbour up as it is, splits a
list where RFC 6962 does: at the largest power of two below its length.

Source: RFC 6962, sections 2.1 (tree hash) and 2.1.1 (audit paths).
"""

from collections.abc import Sequence
from hashlib import sha256


def leaves(packed: bytes, size: int) -> list[bytes]:
    """The leaf hashes of items of ``size`` bytes that stand one behind another."""
    assert len(packed) % size == 0, "whole items"
    return [sha256(b"\x00" + packed[at : at + size]).digest() for at in range(0, len(packed), size)]


def root(hashes: Sequence[bytes]) -> bytes:
    """The tree hash over leaf hashes; that of nothing is the hash of nothing."""
    if not hashes:
        return sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(hashes: Sequence[bytes], place: int) -> list[bytes]:
    """The hashes beside the way from the leaf at ``place`` (from 0) up to the root."""
    assert 0 <= place < len(hashes), "the leaf is one of them"
    level, beside = list(hashes), []
    while len(level) > 1:
        neighbour = place ^ 1
        if neighbour < len(level):
            beside.append(level[neighbour])
        level, place = _above(level), place // 2
    return beside


def _above(level: list[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return [*above, level[-1]] if len(level) % 2 else above
