"""A card's number becomes a keyed digest, once, at the edge; the number is never stored.

Card numbers are guessable (some feeds print them letter for digit), so a plain hash would be
no protection: the digest is keyed, and the key lives outside the database.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

from app.ids import uuid_of


def digest_of(key: bytes, *, provider_id: int, subject: str) -> UUID:
    """The 128-bit name under which a provider's card, plate or meter is known here.

    Args:
        key: the programme's subject key, at least 32 bytes.
        provider_id: whose numbers these are; two providers may use the same number.
        subject: what stands on the card, exactly as the provider sends it.

    Source: BLAKE2 keyed mode, RFC 7693, section 2.9.
    """
    (digest,) = digests_of(key, provider_id=provider_id, subjects=(subject,)).values()
    return uuid_of(int.from_bytes(digest, "big"))


def digests_of(key: bytes, *, provider_id: int, subjects: Iterable[str]) -> dict[str, bytes]:
    """`digest_of` for a whole batch, as bytes: the names of these cards, by what stands on them."""
    keyed = hashlib.blake2b(f"{provider_id}\n".encode(), key=key[:64], digest_size=16)
    digests: dict[str, bytes] = {}
    for subject in subjects:
        hashing = keyed.copy()
        hashing.update(subject.encode())
        digests[subject] = hashing.digest()
    return digests
