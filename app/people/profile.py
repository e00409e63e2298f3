"""Use cases: what citizens say about themselves, and what an officer corrects."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from psycopg.errors import UniqueViolation

from app.audit.record import record
from app.database import Tx, savepoint
from app.people import birth_years, guardians, profile_rules
from app.people.errors import CitizenNotFound, MovedLately, NicknameTaken, ProfileChanged


@dataclass(frozen=True, slots=True)
class Profile:
    """What a citizen has said; nothing of it was checked against a document."""

    id: UUID
    nickname: str
    district_code: str
    birth_year: int | None
    language: str
    moved_at: datetime | None
    created_at: datetime

    @property
    def etag(self) -> str:
        """Names this state of the profile."""
        said = (self.nickname, self.district_code, self.birth_year, self.language)
        return f'"{hashlib.blake2b(repr(said).encode(), digest_size=12).hexdigest()}"'


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to change; None stays."""

    nickname: str | None = None
    district_code: str | None = None
    birth_year: int | None = None
    language: str | None = None


async def profile(tx: Tx, *, account_id: int) -> Profile:
    """What a citizen has said about themself.

    Raises:
        CitizenNotFound: nobody has this account.

    """
    return _found(await (await tx.execute(_READ, {"account": account_id})).fetchone())


async def change(
    tx: Tx, *, account_id: int, wish: Wish, known: str | None, now: datetime
) -> Profile:
    """Change what was said; the same again changes nothing.

    Args:
        tx: the caller's transaction.
        account_id: whose.
        wish: what is to change.
        known: the state that the citizen has read (``Profile.etag``); None: whatever it is.
        now: when (UTC).

    Raises:
        CitizenNotFound: nobody has this account.
        ProfileChanged: the state is another.
        NicknameUnsound: it cannot be one.
        NicknameTaken: somebody else has it.
        BirthYearUnsound: nobody was born then.
        BirthYearSaid: another one was said before.
        MovedLately: the district was changed less than thirty days ago.

    """
    # Locked: of two changes at once the second sees what the first has said.
    row = await (await tx.execute(_LOCK, {"account": account_id})).fetchone()
    before = _found(row)
    if known is not None and known.strip() not in {"*", before.etag}:
        raise ProfileChanged(
            "The profile has changed; read it again.", "资料已变更,请重新读取后再修改。"
        )
    facts = {
        "account": account_id,
        "nickname": await _nickname(tx, account_id, before, wish),
        "district": _district(before, wish, now),
        "born": await _born(tx, account_id, before, wish, now),
        "language": wish.language or before.language,
        "now": now,
    }
    try:
        async with savepoint(tx):
            row = await (await tx.execute(_CHANGE, facts)).fetchone()
    except UniqueViolation as error:
        raise _taken() from error
    after = _found(row)
    if after.birth_year is not None and before.birth_year is None:
        await guardians.told(tx, account_id=account_id, birth_year=after.birth_year, now=now)
    return after


async def correct_birth_year(
    tx: Tx, *, citizen_id: UUID, birth_year: int, officer_id: UUID, reason: str, now: datetime
) -> Profile:
    """An officer has seen a document: the year is set, and who did it and why is kept.

    Whoever turns out to be a child without a guardian has agreed to nothing.

    Raises:
        CitizenNotFound: nobody has this id.
        BirthYearUnsound: nobody was born then.

    """
    birth_years.ensure_born(birth_year, now)
    held = await (await tx.execute(_HOLD, (citizen_id,))).fetchone()
    row = await (await tx.execute(_CORRECT, {"id": citizen_id, "born": birth_year})).fetchone()
    found = _found(row)
    assert held is not None, "whoever is changed was held"
    await guardians.corrected(tx, account_id=held[0], birth_year=birth_year, now=now)
    await record(
        tx,
        actor=f"officer:{officer_id}",
        action="people.correct_birth_year",
        subject=f"citizen:{held[0]}",
        facts={"reason": reason},
        now=now,
    )
    return found


async def _nickname(tx: Tx, account_id: int, before: Profile, wish: Wish) -> str:
    if wish.nickname is None or wish.nickname == before.nickname:
        return before.nickname
    name = profile_rules.nickname(wish.nickname)
    facts = {"account": account_id, "name": name, "folded": name.casefold()}
    # Names from before the rule may differ in case alone, so no constraint can hold it: whoever
    # wants a name stands in line with those who want it in other letters.
    await tx.execute(_IN_LINE, facts)
    if await (await tx.execute(_ALIKE, facts)).fetchone() is not None:
        raise _taken()
    return name


def _taken() -> NicknameTaken:
    return NicknameTaken("Somebody has this nickname; choose another.", "该昵称已被使用,请更换。")


def _district(before: Profile, wish: Wish, now: datetime) -> str:
    if wish.district_code is None or wish.district_code == before.district_code:
        return before.district_code
    if before.moved_at is not None and now < before.moved_at + profile_rules.MOVES_EVERY:
        until, days = before.moved_at + profile_rules.MOVES_EVERY, profile_rules.MOVES_EVERY.days
        raise MovedLately(
            f"The district can be changed once in {days} days.",
            f"区县每 {days} 天只能修改一次。",
            until=until.astimezone(UTC).isoformat(timespec="seconds"),
        )
    return wish.district_code


async def _born(tx: Tx, account_id: int, before: Profile, wish: Wish, now: datetime) -> int | None:
    if wish.birth_year is None:
        return before.birth_year
    return await birth_years.heard(tx, account_id=account_id, birth_year=wish.birth_year, now=now)


def _found(row: tuple[object, ...] | None) -> Profile:
    if row is None:
        raise CitizenNotFound("Nobody has this account.", "没有该居民。")
    return Profile(*row)  # type: ignore[arg-type]


_COLUMNS = "id, nickname, district_code, birth_year, language, moved_at, created_at"
_READ = f"SELECT {_COLUMNS} FROM citizen WHERE account_id = %(account)s"
_LOCK = f"{_READ} FOR UPDATE"
_IN_LINE = "SELECT pg_advisory_xact_lock(hashtextextended('nickname ' || %(folded)s, 0))"
_ALIKE = """
SELECT FROM citizen
 WHERE lower(nickname) IN (lower(%(name)s), lower(%(folded)s)) AND account_id <> %(account)s
"""
_CHANGE = f"""
UPDATE citizen SET nickname = %(nickname)s, birth_year = %(born)s, language = %(language)s,
       moved_at = CASE WHEN district_code = %(district)s THEN moved_at ELSE %(now)s END,
       district_code = %(district)s
 WHERE account_id = %(account)s RETURNING {_COLUMNS}
"""
_HOLD = "SELECT account_id FROM citizen WHERE id = %s FOR UPDATE"
_CORRECT = f"UPDATE citizen SET birth_year = %(born)s WHERE id = %(id)s RETURNING {_COLUMNS}"
