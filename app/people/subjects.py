"""A card's number becomes a keyed digest, once, at the edge; the number is never stored.

Card numbers are guessable (some feeds print them letter for digit), so a plain hash would be
no protection: the digest is keyed, and the key lives outside the database.
"""

import hashlib
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
    text = f"{provider_id}\n{subject}".encode()
    digest = hashlib.blake2b(text, key=key[:64], digest_size=16).digest()
    return uuid_of(int.from_bytes(digest, "big"))
