"""A password and a second factor, of officers and of merchants' people: set, and shown again.

Hashing takes memory and time, so it happens in a thread, two at once, and never inside a
transaction. Whether a name exists cannot be told from the answer nor from its time: for a name
that nobody has, a password is verified all the same.

Guesses are paid for by the device and the network, and by the name. Whoever signed in before on
the device they use pays from a purse of that device's own; strangers share the name's purse. So
a stranger who fails on purpose shuts out strangers, not the person.

Source: RFC 9106 (argon2id); OWASP, "Device cookies".
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.database import Database, Tx
from app.people.vault import Vault
from app.settings import SignInSettings
from app.sign_in import budgets, guesses, known_devices, totp
from app.sign_in.budgets import Budget, Window
from app.sign_in.errors import LoginRefused
from app.sign_in.origin import Origin

PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX = 12, 128
FIELD = "totp"
UNUSABLE = "!"
"""Stands where a hash would, for somebody who was shut out."""
_OF_A_NAME = (Window(10, 600),)
_OF_A_KNOWN_DEVICE = (Window(5, 300),)
_hasher = PasswordHash((Argon2Hasher(),))
_lane = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """What somebody shows who wants to sign in. Never printed."""

    login: bytes
    person_id: UUID | None
    password: str
    code: str


async def hashed(password: str) -> str:
    """A password's hash, made off the event loop."""
    async with _lane:
        return await asyncio.to_thread(_hasher.hash, password)


async def keep(tx: Tx, *, person_id: UUID, password_hash: str, vault: Vault, now: datetime) -> str:
    """Set somebody's password and a new second factor; the answer is the factor's secret."""
    secret = totp.fresh_secret()
    sealed = vault.seal(secret, owner=person_id, field=FIELD)
    await tx.execute(_KEEP, (person_id, password_hash, sealed, now))
    return secret


async def ensure(
    database: Database,
    *,
    shown: Shown,
    origin: Origin,
    vault: Vault,
    sizes: SignInSettings,
    now: datetime,
) -> UUID:
    """Who has this password and second factor; a step of the second factor is used up.

    Args:
        database: three short transactions: pay, read, and use the step.
        shown: what was sent, and whose it would be.
        origin: the device and network that ask.
        vault: what the second factor's secret is sealed with.
        sizes: how often somebody may fail.
        now: when (UTC).

    Raises:
        TooManyGuesses: nothing was looked at.
        LoginRefused: something does not fit; which is never said.

    """
    async with database.writing() as tx:
        device = origin.device
        known = await known_devices.of_person(tx, person_id=shown.person_id, device=device)
        await guesses.pay(tx, origin=origin, sizes=sizes, known=known, now=now)
        purse = Budget("login", shown.login, _OF_A_NAME)
        if known:
            purse = Budget("login on device", shown.login + device, _OF_A_KNOWN_DEVICE)
        wait_s = await budgets.use(tx, budgets=[purse], now=now)
        if wait_s:
            raise guesses.refused(wait_s)
        found = await _kept(tx, shown.person_id)
    password_hash, sealed = found or (_nobodys_hash(), None)
    async with _lane:
        fits = await asyncio.to_thread(_hasher.verify, shown.password, password_hash)
    async with database.writing() as tx:
        good = fits and sealed is not None and await _step_used(tx, shown, vault, sealed, now)
        if good:
            await guesses.pay_back(tx, origin=origin, sizes=sizes, known=known)
            await budgets.give_back(tx, budgets=[purse])
        else:
            await guesses.note_failure(tx, now=now)
    if not good or shown.person_id is None:
        raise LoginRefused(
            "Name, password and code do not fit together.", "账号、密码与动态码不匹配。"
        )
    return shown.person_id


async def _kept(tx: Tx, person_id: UUID | None) -> tuple[str, bytes] | None:
    row = await (await tx.execute(_KEPT, (person_id,))).fetchone()
    return None if row is None else (row[0], bytes(row[1]))


async def _step_used(tx: Tx, shown: Shown, vault: Vault, sealed: bytes, now: datetime) -> bool:
    assert shown.person_id is not None, "there is a credential"
    secret = vault.open(sealed, owner=shown.person_id, field=FIELD)
    step = totp.step_of(secret, shown.code, now=now)
    arguments: Mapping[str, object] = {"step": step, "person": shown.person_id, "sealed": sealed}
    return step is not None and (await tx.execute(_USE_STEP, arguments)).rowcount == 1


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


_KEEP = """
INSERT INTO credential (person_id, password_hash, totp_sealed, totp_step, set_at)
VALUES (%s, %s, %s, 0, %s)
ON CONFLICT (person_id) DO UPDATE
   SET password_hash = excluded.password_hash, totp_sealed = excluded.totp_sealed,
       totp_step = 0, set_at = excluded.set_at
"""
_KEPT = """
SELECT password_hash, totp_sealed FROM credential WHERE person_id = %s AND password_hash <> '!'
"""
# A step is used once, and none before it: a code seen over a shoulder is worth nothing.
_USE_STEP = """
UPDATE credential SET totp_step = %(step)s
 WHERE person_id = %(person)s AND totp_step < %(step)s AND totp_sealed = %(sealed)s
"""
