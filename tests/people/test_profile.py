"""What citizens say about themselves: names, where they live, and once when they were born."""

import asyncio
import unicodedata
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.people import profile, profile_rules
from app.people.errors import BirthYearSaid, MovedLately, NicknameUnsound
from app.people.profile import Wish
from app.people.register import register_citizen
from tests import make
from tests.make import NOON, citizen_headers, officer_headers

DAY = timedelta(days=1)


@pytest.fixture
async def anna(database):
    """A citizen."""
    async with database.writing() as tx:
        return await register_citizen(
            tx, nickname=uuid4().hex[:12], district_code="321102", now=NOON - 99 * DAY
        )


async def patch(client, keys, account_id, body, **headers):
    """The phone changes the profile."""
    return await client.patch(
        "/v1/me/profile", json=body, headers=citizen_headers(keys, account_id) | headers
    )


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("小禾", "小禾"),
        ("  Ａnna  ", "Anna"),
        ("Jean-Luc P.", None),
        ("Jean-Luc", "Jean-Luc"),
        ("é" * 20, "é" * 20),
        ("ab" * 11, None),
        ("a", None),
        ("a  b", None),
        ("-ab", None),
        ("普惠小助手", None),
        ("The Official", None),
        ("ab\u202ecd", None),
        ("ab\u200bcd", None),
        ("ab\ncd", None),
        ("🙂🙂", None),
        ("13812345678", None),
        ("138 1234-5678", None),
        ("１３８１２３４５６７８", None),
        ("1234567", None),
        ("123456", "123456"),
        ("a13812345678", "a13812345678"),
        ("", None),
    ],
)
def test_what_can_be_a_nickname(typed, kept):
    """Letters and digits of any script pass in one form; what is invisible or pretends does not."""
    if kept is None:
        with pytest.raises(NicknameUnsound):
            profile_rules.nickname(typed)
    else:
        assert profile_rules.nickname(typed) == kept


@given(typed=st.text(max_size=22))
@settings(max_examples=60)
def test_a_kept_nickname_is_kept_again_and_shows_all_it_holds(typed):
    """Whatever passes passes unchanged a second time, is short, and has no control or format sign."""
    try:
        name = profile_rules.nickname(typed)
    except NicknameUnsound:
        return
    assert profile_rules.nickname(name) == name
    assert 2 <= len(name) <= 20
    assert not {unicodedata.category(each) for each in name} & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


async def test_a_profile_is_read_changed_and_not_overwritten(client, keys, anna):
    """The ETag names what was read; a change that knows an older state is refused."""
    headers = citizen_headers(keys, anna.account_id)
    first = await client.get("/v1/me/profile", headers=headers)
    assert first.json() == {
        "citizen_id": str(anna.id),
        "nickname": anna.nickname,
        "district_code": "321102",
        "birth_year": None,
        "language": "zh-CN",
        "created_at": "2025-11-22T04:00:00Z",
    }
    name = f"n{uuid4().hex[:12]}"
    read = {"If-Match": first.headers["etag"]}
    changed = await patch(
        client, keys, anna.account_id, {"nickname": name, "language": "en"}, **read
    )
    assert (changed.status_code, changed.json()["nickname"]) == (200, name)
    late = await patch(client, keys, anna.account_id, {"language": "zh-CN"}, **read)
    assert (late.status_code, late.json()["code"]) == (412, "profile-changed")
    again = await client.get("/v1/me/profile", headers=headers)
    assert again.headers["etag"] == changed.headers["etag"] != first.headers["etag"]
    assert again.json() == changed.json()


async def test_a_nickname_has_one_owner(client, keys, database, anna):
    """Another one's name is refused, and the refused change leaves nothing of itself."""
    async with database.writing() as tx:
        boris = await register_citizen(
            tx, nickname=f"n{uuid4().hex[:12]}", district_code="321111", now=NOON
        )
    taken = await patch(
        client, keys, anna.account_id, {"nickname": boris.nickname, "language": "en"}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "nickname-taken")
    other = boris.nickname.upper()
    alike = await patch(client, keys, anna.account_id, {"nickname": other, "language": "en"})
    assert (alike.status_code, alike.json()["code"]) == (409, "nickname-taken")
    own = await patch(client, keys, boris.account_id, {"nickname": other})
    assert (own.status_code, own.json()["nickname"]) == (200, other)
    headers = citizen_headers(keys, anna.account_id)
    assert (await client.get("/v1/me/profile", headers=headers)).json()["language"] == "zh-CN"
    nobody = await client.get("/v1/me/profile", headers=citizen_headers(keys, make.account()))
    assert (nobody.status_code, nobody.json()["code"]) == (404, "citizen-not-found")


async def test_a_birth_year_is_said_once_and_corrected_by_an_officer(client, keys, database, anna):
    """The citizen's second word is refused; the officer's correction is kept with its reason."""
    said = await patch(client, keys, anna.account_id, {"birth_year": 1985})
    assert (said.status_code, said.json()["birth_year"]) == (200, 1985)
    same = await patch(client, keys, anna.account_id, {"birth_year": 1985})
    assert same.status_code == 200
    other = await patch(client, keys, anna.account_id, {"birth_year": 1950})
    assert (other.status_code, other.json()["code"]) == (409, "birth-year-said")
    desk, path = officer_headers(keys, uuid4()), f"/v1/admin/citizens/{anna.id}/birth-year"
    future = await client.put(path, json={"birth_year": 2027, "reason": "x"}, headers=desk)
    assert (future.status_code, future.json()["code"]) == (422, "birth-year-unsound")
    done = await client.put(path, json={"birth_year": 1950, "reason": "身份证"}, headers=desk)
    assert done.json() == {"citizen_id": str(anna.id), "birth_year": 1950}
    async with database.reading() as tx:
        rows = await tx.execute(
            "SELECT facts FROM audit_record WHERE action = 'people.correct_birth_year'"
            " AND subject = %s",
            (f"citizen:{anna.account_id}",),
        )
        assert await rows.fetchall() == [({"reason": "身份证"},)]


async def test_one_moves_once_a_month(tx, anna):
    """A second district within thirty days is refused; the same district is no move."""
    me = anna.account_id

    async def move(district, now):
        wish = Wish(district_code=district)
        return await profile.change(tx, account_id=me, wish=wish, known=None, now=now)

    assert (await move("321111", NOON)).moved_at == NOON
    assert (await move("321111", NOON + DAY)).moved_at == NOON
    with pytest.raises(MovedLately) as refusal:
        await move("321102", NOON + 30 * DAY - timedelta(seconds=1))
    assert refusal.value.facts == {"until": "2026-03-31T04:00:00+00:00"}
    assert (await move("321102", NOON + 30 * DAY)).district_code == "321102"


async def test_two_birth_years_at_once(committing):
    """Of two phones that say different years together one is heard."""
    async with committing.writing() as tx:
        me = (await register_citizen(tx, nickname="a", district_code="321102", now=NOON)).account_id

    start = asyncio.Barrier(8)

    async def say(year):
        try:
            async with committing.writing() as tx:
                await start.wait()
                wish = Wish(birth_year=year)
                await profile.change(tx, account_id=me, wish=wish, known=None, now=NOON)
        except BirthYearSaid:
            return None
        return year

    heard = [each for each in await asyncio.gather(*map(say, range(1950, 1958))) if each]
    async with committing.reading() as tx:
        assert heard == [(await profile.profile(tx, account_id=me)).birth_year]
