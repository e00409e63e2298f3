"""What is counted and compared here, as keyed digests: numbers, devices, networks, codes, tokens.

One secret of the process makes one key per purpose, so a digest of one kind never equals a
digest of another, and a copy of the database alone confirms no guess.
"""

import hashlib
import hmac

from app.keys import derived


class Digests:
    """Keyed digests for signing in.

    Args:
        secret: at least 32 bytes, kept outside the database.

    """

    def __init__(self, secret: bytes) -> None:
        self._keys = {
            purpose: derived(secret, f"sign-in {purpose}")
            for purpose in ("who", "code", "chain", "mark")
        }

    def who(self, kind: str, value: str) -> bytes:
        """A device, network or name as it stands in a budget or a session."""
        return self._of("who", f"{kind}\n{value}".encode())

    def code(self, *, phone: bytes, device: bytes, code: str) -> bytes:
        """A one-time code, good for one number on one device."""
        return self._of("code", phone + device + code.encode())

    def child(self, secret: bytes) -> bytes:
        """The secret of the refresh token that follows this one; always the same one."""
        return self._of("chain", secret)

    def mark(self, session_and_secret: bytes) -> bytes:
        """Shows that a refresh token was made here, however old it is."""
        return self._of("mark", session_and_secret)[:16]

    def _of(self, purpose: str, value: bytes) -> bytes:
        return hmac.digest(self._keys[purpose], value, hashlib.sha256)
