"""Use cases: send a one-time code to a number, and take it back from whoever got it.

A code is six digits, lives five minutes, is tried three times, works once, and is good only on
the device that asked for it, so a stranger's guesses do not use up the owner's tries.

Source: NIST SP 800-63B section 5.1.3 (out-of-band secrets).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.database import Tx
from app.settings import SignInSettings
from app.sign_in import budgets, guesses, known_devices, limits
from app.sign_in.digests import Digests
from app.sign_in.errors import TooManyCodes
from app.sign_in.names import PHONE
from app.sign_in.origin import Origin

DIGITS = 6
LIFE = timedelta(minutes=5)
TRIES = 3


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """A fresh code. It leaves the service once, by message. Never printed."""

    code: str
    ends_at: datetime


async def issue(
    tx: Tx,
    *,
    phone: bytes,
    origin: Origin,
    digests: Digests,
    sizes: SignInSettings,
    now: datetime,
) -> Issued:
    """Make the code for a number on a device; an older one is good no more.

    A device on which the number's owner signed in before has a purse of its own.

    Args:
        tx: the caller's transaction; the message is sent after its commit.
        phone: the number's blind index.
        origin: the device and network that ask.
        digests: what the code is digested with.
        sizes: how often somebody may ask.
        now: when (UTC).

    Raises:
        TooManyCodes: the number, the device, the network, or the programme's bill.

    """
    known = await _known(tx, phone, origin)
    if not known and await budgets.counted(tx, kind=limits.CODES, now=now) >= sizes.codes_per_hour:
        raise _refused(limits.HOUR_S)
    wanted = limits.for_a_code(sizes, phone=phone, origin=origin, known=known)
    wait_s = await budgets.use(tx, budgets=wanted, now=now)
    if wait_s:
        raise _refused(wait_s)
    await budgets.count(tx, kind=limits.CODES, now=now)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    digest = digests.code(phone=phone, device=origin.device, code=code)
    row = {"phone": phone, "device": origin.device, "digest": digest, "now": now}
    await tx.execute(_ISSUE, row | {"ends": now + LIFE})
    return Issued(code, now + LIFE)


async def check(
    tx: Tx,
    *,
    phone: bytes,
    code: str,
    origin: Origin,
    digests: Digests,
    sizes: SignInSettings,
    now: datetime,
) -> bool:
    """Whether the code fits; a right one is used up, a wrong one costs a try and a failure.

    The caller commits whatever the answer is, and refuses afterwards: a refusal that undid the
    transaction would give the try back.

    Raises:
        TooManyGuesses: nothing was looked at.

    """
    known = await _known(tx, phone, origin)
    await guesses.pay(tx, origin=origin, sizes=sizes, known=known, now=now)
    guess = {
        "phone": phone,
        "device": origin.device,
        "digest": digests.code(phone=phone, device=origin.device, code=code),
        "now": now,
        "tries": TRIES,
    }
    row = await (await tx.execute(_TRY, guess)).fetchone()
    if row is None or not row[0]:
        await guesses.note_failure(tx, now=now)
        return False
    await guesses.pay_back(tx, origin=origin, sizes=sizes, known=known)
    return True


async def _known(tx: Tx, phone: bytes, origin: Origin) -> bool:
    return await known_devices.of_name(tx, kind=PHONE, digest=phone, device=origin.device)


def _refused(wait_s: int) -> TooManyCodes:
    return TooManyCodes(
        f"The next code can be sent in {wait_s} seconds.",
        f"请在 {wait_s} 秒后再获取验证码。",
        retry_after_s=wait_s,
    )


_ISSUE = """
INSERT INTO one_time_code (phone, device, digest, tries, made_at, ends_at)
VALUES (%(phone)s, %(device)s, %(digest)s, 0, %(now)s, %(ends)s)
ON CONFLICT (phone, device) DO UPDATE
   SET digest = excluded.digest, tries = 0, made_at = excluded.made_at,
       ends_at = excluded.ends_at, used_at = NULL
"""
# Looked at and used up in one statement: of fifty at once with the right code, one finds it open.
_TRY = """
UPDATE one_time_code
   SET tries = tries + 1, used_at = CASE WHEN digest = %(digest)s THEN %(now)s::timestamptz END
 WHERE phone = %(phone)s AND device = %(device)s
   AND used_at IS NULL AND tries < %(tries)s AND ends_at > %(now)s
RETURNING used_at IS NOT NULL
"""
