"""Use cases: open a household, join one by its code, leave it, see who is in it.

Whoever leaves a household counts with it for thirty days more and may join no other meanwhile, so
that a household's limits are not had again by moving. A citizen's own row is locked first, then the
household's: whatever two people do at once, one waits for the other and no two wait for each other.
A claim that counts households holds the same two, in the same order (`living_together`, in the
database), so nobody moves in or out between what it reads and what it counts.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.audit.record import record
from app.database import Tx
from app.people import join_codes
from app.people.errors import (
    CitizenNotFound,
    HouseholdFull,
    HouseholdLeft,
    HouseholdNotFound,
    HouseholdTaken,
    JoinCodeUnknown,
)

PEOPLE_MAX = 8
CODE_LIFE = timedelta(days=1)
COUNTS_AFTER_LEAVING = timedelta(days=30)
_NUMBERS_FROM = 2**62
"""Households' numbers lie above every account's: `offer_use` counts both in one column."""


@dataclass(frozen=True, slots=True)
class JoinCode:
    """A household's fresh code; ``text`` leaves the service once."""

    text: str
    until: datetime


@dataclass(frozen=True, slots=True)
class MemberView:
    """Somebody of the household, under their nickname."""

    nickname: str
    joined_at: datetime
    is_you: bool


@dataclass(frozen=True, slots=True)
class HouseholdView:
    """A household as its people see it; ``code_until`` None: no code is open."""

    members: list[MemberView]
    code_until: datetime | None


async def household(tx: Tx, *, account_id: int, now: datetime) -> HouseholdView:
    """Who lives with a citizen, the longest first.

    Raises:
        HouseholdNotFound: the citizen belongs to none.

    """
    rows = await (await tx.execute(_PEOPLE, {"account": account_id})).fetchall()
    if not rows:
        raise _none()
    until = rows[0][3]
    return HouseholdView(
        [MemberView(*row[:3]) for row in rows],
        until if until is not None and until > now else None,
    )


async def open_household(
    tx: Tx, *, account_id: int, key: bytes, now: datetime, text: str | None = None
) -> JoinCode:
    """Open a household with one person in it; its first code.

    Args:
        tx: the caller's transaction.
        account_id: who opens it.
        key: what codes are digested with.
        now: when (UTC).
        text: the code; None: a fresh one.

    Raises:
        CitizenNotFound: nobody has this account.
        HouseholdTaken: they belong to one already.
        HouseholdLeft: they left one less than thirty days ago.

    """
    await _lock(tx, account_id)
    joined_at = await _free(tx, account_id, None, now)
    code = JoinCode(text or join_codes.fresh(), now + CODE_LIFE)
    facts = {
        "id": _NUMBERS_FROM + secrets.randbelow(_NUMBERS_FROM),
        "account": account_id,
        "digest": join_codes.digest_of(key, code.text),
        "until": code.until,
        "now": now,
        "joined_at": joined_at,
    }
    await tx.execute(_OPEN, facts)
    await tx.execute(_ENTER, facts)
    await _record(tx, account_id, "people.open_household", facts["id"], now)
    return code


async def renew_code(tx: Tx, *, account_id: int, key: bytes, now: datetime) -> JoinCode:
    """A fresh code for the citizen's household; the former one is void.

    Raises:
        HouseholdNotFound: the citizen belongs to none.

    """
    code = JoinCode(join_codes.fresh(), now + CODE_LIFE)
    facts = {
        "account": account_id,
        "digest": join_codes.digest_of(key, code.text),
        "until": code.until,
    }
    if (await tx.execute(_RENEW, facts)).rowcount == 0:
        raise _none()
    return code


async def join(tx: Tx, *, account_id: int, code: str, key: bytes, now: datetime) -> None:
    """Join the household whose code it is; joining the one you are in changes nothing.

    Args:
        tx: the caller's transaction.
        account_id: who joins.
        code: as typed.
        key: what codes are digested with.
        now: when (UTC).

    Raises:
        CitizenNotFound: nobody has this account.
        JoinCodeUnknown: no household has it, or it has run out.
        HouseholdTaken: they belong to another one.
        HouseholdLeft: they left another one less than thirty days ago.
        HouseholdFull: eight people are in it.

    """
    await _lock(tx, account_id)
    facts: dict[str, Any] = {
        "account": account_id,
        "digest": join_codes.digest_of(key, code),
        "now": now,
        "most": PEOPLE_MAX,
    }
    found = await _by_code(tx, facts)
    facts["id"] = found
    if await _home(tx, account_id) == found:
        return
    facts["joined_at"] = await _free(tx, account_id, found, now)
    if (await tx.execute(_TAKE_PLACE, facts)).rowcount == 0:
        await _by_code(tx, facts)  # the code may have been renewed while we waited
        raise HouseholdFull(
            f"A household has at most {PEOPLE_MAX} people.", f"每个家庭最多 {PEOPLE_MAX} 人。"
        )
    await tx.execute(_ENTER, facts)
    await _record(tx, account_id, "people.join_household", found, now)


async def leave(tx: Tx, *, account_id: int, now: datetime) -> None:
    """Leave the household, which goes on without; leaving again changes nothing."""
    await _lock(tx, account_id)
    row = await (await tx.execute(_LEAVE, {"account": account_id, "now": now})).fetchone()
    if row is not None:
        await tx.execute(_GIVE_PLACE, {"id": row[0]})
        await _record(tx, account_id, "people.leave_household", row[0], now)


async def _lock(tx: Tx, account_id: int) -> None:
    """One citizen's comings and goings stand in line."""
    if await (await tx.execute(_LOCK, {"account": account_id})).fetchone() is None:
        raise CitizenNotFound("Nobody has this account.", "没有该居民。")


async def _by_code(tx: Tx, facts: dict[str, Any]) -> int:
    row = await (await tx.execute(_BY_CODE, facts)).fetchone()
    if row is None:
        raise JoinCodeUnknown(
            "No household has this code, or it has run out; ask for a fresh one.",
            "邀请码无效或已过期,请向家人索取新的邀请码。",
        )
    return int(row[0])


async def _home(tx: Tx, account_id: int) -> int | None:
    row = await (await tx.execute(_LAST, {"account": account_id})).fetchone()
    return int(row[0]) if row is not None and row[1] is None else None


async def _free(tx: Tx, account_id: int, household_id: int | None, now: datetime) -> datetime:
    """From when the citizen may be in this household, or in a new one (None)."""
    row = await (await tx.execute(_LAST, {"account": account_id})).fetchone()
    if row is None:
        return now
    last, left_at = row
    if left_at is None:
        raise HouseholdTaken(
            "You belong to a household already; leave it first.", "您已加入家庭,请先退出。"
        )
    until = left_at + COUNTS_AFTER_LEAVING
    if last != household_id and now < until:
        raise HouseholdLeft(
            f"You left a household lately; {COUNTS_AFTER_LEAVING.days} days after leaving you may"
            " open or join another.",
            f"您近期曾退出家庭,退出满 {COUNTS_AFTER_LEAVING.days} 天后方可加入或创建其他家庭。",
            until=until.astimezone(UTC).isoformat(timespec="seconds"),
        )
    since: datetime = max(now, left_at)
    return since


async def _record(tx: Tx, account_id: int, action: str, household_id: Any, now: datetime) -> None:
    await record(
        tx,
        actor=f"citizen:{account_id}",
        action=action,
        subject=f"household:{household_id}",
        now=now,
    )


def _none() -> HouseholdNotFound:
    return HouseholdNotFound("You belong to no household.", "您尚未加入家庭。")


_LOCK = "SELECT FROM citizen WHERE account_id = %(account)s FOR UPDATE"
_LAST = """
SELECT household_id, left_at FROM household_member
 WHERE account_id = %(account)s ORDER BY joined_at DESC LIMIT 1
"""
_PEOPLE = """
SELECT c.nickname, m.joined_at, m.account_id = mine.account_id, h.code_until
  FROM household_member mine
  JOIN household h ON h.id = mine.household_id
  JOIN household_member m ON m.household_id = h.id AND m.left_at IS NULL
  JOIN citizen c ON c.account_id = m.account_id
 WHERE mine.account_id = %(account)s AND mine.left_at IS NULL
 ORDER BY m.joined_at, c.nickname
"""
_OPEN = """
INSERT INTO household (id, members, code_digest, code_until, opened_at)
VALUES (%(id)s, 1, %(digest)s, %(until)s, %(now)s)
"""
_ENTER = """
INSERT INTO household_member (account_id, joined_at, household_id)
VALUES (%(account)s, %(joined_at)s, %(id)s)
"""
_RENEW = """
UPDATE household SET code_digest = %(digest)s, code_until = %(until)s
 WHERE id = (SELECT household_id FROM household_member
              WHERE account_id = %(account)s AND left_at IS NULL)
"""
_BY_CODE = """
SELECT id FROM household
 WHERE code_digest = %(digest)s AND code_until > %(now)s AND members > 0
"""
# The guard of the last place; a code that was renewed meanwhile opens nothing either.
_TAKE_PLACE = """
UPDATE household SET members = members + 1
 WHERE id = %(id)s AND code_digest = %(digest)s AND members BETWEEN 1 AND %(most)s - 1
"""
_LEAVE = """
UPDATE household_member
   SET left_at = greatest(%(now)s, joined_at + interval '1 microsecond')
 WHERE account_id = %(account)s AND left_at IS NULL
RETURNING household_id
"""
_GIVE_PLACE = """
UPDATE household SET members = members - 1,
       code_digest = CASE WHEN members > 1 THEN code_digest END,
       code_until = CASE WHEN members > 1 THEN code_until END
 WHERE id = %(id)s
"""
