"""The secrets this process signs and digests with: given by settings, or throw-away.

Throw-away keys live in the state folder, readable by their owner alone, so that a demo
restarted tomorrow still reads its own tokens and coupons. Production refuses them
(`app.settings`). Never logged, never in an answer.
"""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.settings import KeySettings

FILE = "keys.json"


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """What we sign tokens with, work coupons out with, digest card numbers and seal names with."""

    token: Ed25519PrivateKey
    coupon: bytes
    subject: bytes
    masters: Mapping[int, bytes] = field(default_factory=dict)
    suite: str = "aes"


def keys_for(settings: KeySettings, home: Path) -> Keys:
    """The process's keys; missing ones are made once and kept in ``home``.

    Raises:
        ValueError: a key in the settings is malformed or shorter than 32 bytes.

    """
    given = {
        name: value.get_secret_value()
        for name in ("token", "coupon", "subject")
        if (value := getattr(settings, name)) is not None
    }
    kept = given if len(given) == 3 else _kept(home) | given
    token = load_pem_private_key(kept["token"].encode(), password=None)
    if not isinstance(token, Ed25519PrivateKey):
        raise ValueError("PUHUI_KEYS__TOKEN must be an Ed25519 private key, PEM")  # noqa: TRY004 -- the value is wrong
    masters = _masters(settings.master.get_secret_value() if settings.master else "")
    return Keys(token, _bytes(kept, "coupon"), _bytes(kept, "subject"), masters, settings.suite)


def _masters(text: str) -> dict[int, bytes]:
    """The vault's master keys; without a setting the vault works one out from the subject key."""
    masters: dict[int, bytes] = {}
    for part in text.split(",") if text else []:
        number, _, key = part.strip().partition(":")
        if not number.isascii() or not number.isdigit() or not 0 < int(number) < 2**15:
            raise ValueError("PUHUI_KEYS__MASTER is `number:hex,...`, numbers from 1 to 32767")
        if int(number) in masters or len(bytes.fromhex(key)) < 32:
            raise ValueError("PUHUI_KEYS__MASTER needs distinct numbers and 32 bytes each, as hex")
        masters[int(number)] = bytes.fromhex(key)
    return masters


def derived(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose; what is done with it tells nothing about the others.

    Source: RFC 5869.
    """
    return HKDF(SHA256(), 32, salt=None, info=f"puhui {purpose}".encode()).derive(secret)


def _bytes(kept: dict[str, str], name: str) -> bytes:
    value = bytes.fromhex(kept[name])
    if len(value) < 32:
        raise ValueError(f"PUHUI_KEYS__{name.upper()} needs at least 32 bytes, as hex")
    return value


def _kept(home: Path) -> dict[str, str]:
    """Read the throw-away keys; two first processes agree, because only one link succeeds."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / FILE
    if not path.exists():
        draft = home / f".{FILE}.{secrets.token_hex(8)}"
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            json.dump(_fresh(), file)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its keys are everybody's
        finally:
            draft.unlink()
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _fresh() -> dict[str, str]:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "token": pem.decode(),
        "coupon": secrets.token_hex(32),
        "subject": secrets.token_hex(32),
    }
