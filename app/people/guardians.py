"""Use cases: a child under 14 names its age, an adult who is responsible agrees for it.

The child's app shows a code; the guardian, signed in as themselves, types it. Until then, and after
the guardian ends it, nothing can be agreed to for the child. Only years of birth are known, so a
child counts as one until the year after its fourteenth birthday, and a guardian is grown up from
the year after the eighteenth. Children are not ranked and their
grams are not pooled, unless the guardian says so.

Source: PIPL articles 28 and 31; Civil Code of China, article 17.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.audit.record import record
from app.database import Tx
from app.people import about, birth_years
from app.people.errors import GuardianNeeded, GuardianUnfit, WardNotFound
from app.people.present import ensure_present, hold_alone

CHILD_YEARS = 14
ADULT_YEARS = 18
CODE_LIFE = timedelta(hours=24)
CODE_CHARS = 10
_SYMBOLS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Ward:
    """A child somebody is responsible for, and what is done with its acts."""

    account_id: int
    birth_year: int
    confirmed_at: datetime
    ranked: bool
    pooled: bool


def is_child(birth_year: int, now: datetime) -> bool:
    """Whether somebody born in this year may still be under 14."""
    return birth_year >= oldest_child(now)


def oldest_child(now: datetime) -> int:
    """The year in which the oldest of those were born who may still be under 14."""
    return now.astimezone(UTC).year - CHILD_YEARS


def ensure_adult(birth_year: int | None, now: datetime) -> None:
    """Refuse a guardian who may be under 18, or of whom nobody knows.

    Raises:
        GuardianUnfit: `missing` says that a year of birth would mend it.

    """
    if birth_year is None:
        raise GuardianUnfit(
            "Say your year of birth in your profile first: a guardian is an adult.",
            "请先在个人资料中填写您的出生年份:监护人须为成年人。",
            missing="birth_year",
        )
    if birth_year >= now.astimezone(UTC).year - ADULT_YEARS:
        raise GuardianUnfit(
            "A guardian is an adult: the year in which they turned 18 is over.",
            "监护人须为成年人(年满十八周岁的次年起)。",
        )


async def declare(tx: Tx, *, account_id: int, birth_year: int, now: datetime) -> str | None:
    """A child says in which year it was born; the code for its guardian.

    What it agreed to before anybody knew its age ends. The year is the profile's: it is said once,
    there or here, by a grown-up too; another one is an officer's correction.

    Returns:
        The code, which is kept as a digest; None for somebody who needs no guardian.

    Raises:
        PersonLeft: the account's owner was forgotten.
        BirthYearSaid: another year was said before.
        BirthYearUnsound: nobody was born then.
        GuardianUnfit: a guardian has confirmed already.

    """
    await hold_alone(tx, account_id=account_id)  # nobody agrees to anything for it meanwhile
    await ensure_present(tx, account_id=account_id)
    await birth_years.heard(tx, account_id=account_id, birth_year=birth_year, now=now)
    await birth_years.keep(tx, account_id=account_id, birth_year=birth_year)
    if not is_child(birth_year, now):
        return None
    code = "".join(secrets.choice(_SYMBOLS) for _ in range(CODE_CHARS))
    facts = {
        "ward": account_id,
        "year": birth_year,
        "digest": _digest(code),
        "until": now + CODE_LIFE,
        "now": now,
    }
    row = await (await tx.execute(_DECLARE, facts)).fetchone()
    if row is None:
        raise GuardianUnfit("Your guardian has confirmed already.", "监护人已确认,无需再次申请。")
    await tx.execute(_WITHDRAW, facts)
    return code


async def confirm(tx: Tx, *, guardian_account_id: int, code: str, now: datetime) -> Ward:
    """An adult takes responsibility for the child whose app shows the code.

    Raises:
        WardNotFound: no child shows this code now.
        GuardianUnfit: whoever confirms is not grown up, or has not said when they were born.

    """
    await ensure_present(tx, account_id=guardian_account_id)
    ensure_adult(await about.birth_year(tx, account_id=guardian_account_id), now)
    facts = {"guardian": guardian_account_id, "digest": _digest(code.upper()), "now": now}
    facts |= {"y": oldest_child(now)}
    row = await (await tx.execute(_CONFIRM, facts)).fetchone()
    if row is None:
        raise WardNotFound("No child shows this code now.", "验证码无效或已过期。")
    ward = Ward(*row)
    await _note(tx, "people.guard", guardian_account_id, ward.account_id, now)
    return ward


async def end(tx: Tx, *, guardian_account_id: int, ward_account_id: int, now: datetime) -> None:
    """The guardian takes everything back: what was agreed to for the child ends at once.

    Whoever has grown up decides alone, and is nobody's ward any more.

    Raises:
        WardNotFound: this is not a ward of theirs.

    """
    facts = {"guardian": guardian_account_id, "ward": ward_account_id, "now": now}
    facts |= {"y": oldest_child(now)}
    if (await tx.execute(_END, facts)).rowcount == 0:
        raise WardNotFound("You are not this child's guardian.", "您不是该儿童的监护人。")
    await tx.execute(_WITHDRAW, facts)
    await _note(tx, "people.unguard", guardian_account_id, ward_account_id, now)


async def settle(
    tx: Tx,
    *,
    guardian_account_id: int,
    ward_account_id: int,
    ranked: bool,
    pooled: bool,
    now: datetime,
) -> None:
    """The guardian says whether the child is ranked, and whether its grams are pooled.

    Raises:
        WardNotFound: this is not a ward of theirs.

    """
    facts = {"guardian": guardian_account_id, "ward": ward_account_id, "y": oldest_child(now)}
    facts |= {"ranked": ranked, "pooled": pooled}
    if (await tx.execute(_SETTLE, facts)).rowcount == 0:
        raise WardNotFound("You are not this child's guardian.", "您不是该儿童的监护人。")


async def wards(tx: Tx, *, guardian_account_id: int, now: datetime) -> list[Ward]:
    """The children somebody is responsible for; who has grown up is none of them."""
    facts = {"guardian": guardian_account_id, "y": oldest_child(now)}
    return [Ward(*row) async for row in await tx.execute(_WARDS, facts)]


async def told(tx: Tx, *, account_id: int, birth_year: int, now: datetime) -> None:
    """A year of birth has become known: a child without a guardian has agreed to nothing.

    The caller holds the citizen's row alone, so nobody agrees to anything meanwhile.
    """
    if not is_child(birth_year, now):
        return
    row = await (await tx.execute(_HOLD, (account_id,))).fetchone()
    if row is None or not row[0]:
        await tx.execute(_WITHDRAW, {"ward": account_id, "now": now})


async def corrected(tx: Tx, *, account_id: int, birth_year: int, now: datetime) -> None:
    """An officer has seen a document: what a child told of itself is corrected with it.

    The caller holds the citizen's row alone.
    """
    await tx.execute(_CORRECT, {"ward": account_id, "year": birth_year})
    await told(tx, account_id=account_id, birth_year=birth_year, now=now)


async def ensure_may_agree(tx: Tx, *, account_id: int, now: datetime) -> None:
    """Refuse a child without a guardian; hold what its guardian said until we are done.

    Raises:
        GuardianNeeded: a guardian has to confirm first.

    """
    row = await (await tx.execute(_HOLD, (account_id,))).fetchone()
    year = await about.birth_year(tx, account_id=account_id)
    if year is None or not is_child(year, now) or (row is not None and row[0]):
        return
    raise GuardianNeeded(
        "Under 14 a guardian has to agree: get a code under Guardians and show it to yours.",
        "未满十四周岁须经监护人同意:请在“监护人”页面获取监护码,交由监护人确认。",
    )


def _digest(code: str) -> bytes:
    return hashlib.sha256(f"guardian\n{code}".encode()).digest()


async def _note(tx: Tx, action: str, guardian: int, ward: int, now: datetime) -> None:
    await record(tx, actor=f"citizen:{guardian}", action=action, subject=f"citizen:{ward}", now=now)


_DECLARE = """
INSERT INTO guardianship AS g (ward_account_id, birth_year, code_digest, code_expires_at,
                               declared_at, ranked, pooled)
VALUES (%(ward)s, %(year)s, %(digest)s, %(until)s, %(now)s, false, false)
ON CONFLICT (ward_account_id) DO UPDATE
   SET code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at
 WHERE g.birth_year = excluded.birth_year AND (g.confirmed_at IS NULL OR g.ended_at IS NOT NULL)
RETURNING ward_account_id
"""
_CONFIRM = """
UPDATE guardianship
   SET guardian_account_id = %(guardian)s, confirmed_at = %(now)s, ended_at = NULL,
       code_digest = NULL, code_expires_at = NULL, ranked = false, pooled = false
 WHERE code_digest = %(digest)s AND code_expires_at > %(now)s
   AND ward_account_id <> %(guardian)s AND birth_year >= %(y)s
RETURNING ward_account_id, birth_year, confirmed_at, ranked, pooled
"""
_END = """
UPDATE guardianship SET ended_at = %(now)s
 WHERE ward_account_id = %(ward)s AND guardian_account_id = %(guardian)s AND ended_at IS NULL
   AND birth_year >= %(y)s
"""
_WITHDRAW = """
UPDATE consent SET withdrawn_at = greatest(%(now)s, given_at)
 WHERE bucket = (%(ward)s::bigint %% 1024)::smallint AND account_id = %(ward)s
   AND withdrawn_at IS NULL
"""
_SETTLE = """
UPDATE guardianship SET ranked = %(ranked)s, pooled = %(pooled)s
 WHERE ward_account_id = %(ward)s AND guardian_account_id = %(guardian)s AND ended_at IS NULL
   AND birth_year >= %(y)s
"""
_WARDS = """
SELECT ward_account_id, birth_year, confirmed_at, ranked, pooled FROM guardianship
 WHERE guardian_account_id = %(guardian)s AND ended_at IS NULL AND birth_year >= %(y)s
 ORDER BY confirmed_at, ward_account_id
"""
_HOLD = """
SELECT confirmed_at IS NOT NULL AND ended_at IS NULL FROM guardianship
 WHERE ward_account_id = %s FOR SHARE
"""
_CORRECT = """
UPDATE guardianship SET birth_year = %(year)s
 WHERE ward_account_id = %(ward)s AND birth_year <> %(year)s
"""
