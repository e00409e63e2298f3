"""A year of birth is said once, in the profile or to a guardian, and reads the same everywhere."""

import asyncio
import runpy
from pathlib import Path

import pytest

from app.people import about, guardians, profile, standing, verify
from app.people.errors import BirthYearSaid, BirthYearUnsound
from app.people.register import register_citizen
from tests.city import NOON
from tests.people.test_guardians import BORN, adult, agreed, correct, links_card, person, say

MIGRATIONS = Path(__file__).parents[2] / "alembic" / "versions"


async def contradictions(tx):
    """How many children have two years of birth."""
    found = {each.name: each for each in await verify.checks(tx)}
    return found["people.children_have_one_year_of_birth"].breaches


@pytest.mark.parametrize("year", [BORN, 1990])
async def test_a_year_told_here_is_the_profiles(tx, year):
    """The profile reads it, other rooms read it, and no other year is heard in either place."""
    someone = await person(tx, "someone")
    await guardians.declare(tx, account_id=someone, birth_year=year, now=NOON)
    assert (await profile.profile(tx, account_id=someone)).birth_year == year
    assert (await about.about(tx, account_id=someone)).birth_year == year
    with pytest.raises(BirthYearSaid):
        await say(tx, someone, 1985)
    await say(tx, someone, year)
    again = await guardians.declare(tx, account_id=someone, birth_year=year, now=NOON)
    assert (again is None) == (year == 1990)


async def test_a_year_the_profile_told_is_the_only_one_here(tx):
    """Who has said an adult's year is no child by saying another; no year is in the future."""
    someone, other = await adult(tx, "someone"), await person(tx, "other")
    with pytest.raises(BirthYearSaid):
        await guardians.declare(tx, account_id=someone, birth_year=BORN, now=NOON)
    with pytest.raises(BirthYearUnsound):
        await guardians.declare(tx, account_id=other, birth_year=NOON.year + 1, now=NOON)


@pytest.mark.parametrize(("said", "told"), [(1990, BORN), (BORN, BORN - 9), (None, BORN)])
async def test_of_two_years_said_in_older_days_the_stricter_counts(tx, said, told):
    """A child stays one for every reader, until an officer who saw a document corrects it."""
    someone = await register_citizen(tx, nickname="a", district_code="321102", now=NOON)
    whose = someone.account_id
    await guardians.declare(tx, account_id=whose, birth_year=BORN, now=NOON)
    await tx.execute("UPDATE guardianship SET birth_year = %s", (told,))
    await tx.execute("UPDATE citizen SET birth_year = %s", (said,))
    assert (await about.about(tx, account_id=whose)).birth_year == BORN
    assert (await standing.standing(tx, account_id=whose, now=NOON)).is_child
    assert (await standing.apart(tx, account_ids=[whose], now=NOON)).unranked == {whose}
    with pytest.raises(BirthYearSaid):
        await say(tx, whose, 1990)
    assert await contradictions(tx) == 1
    [step] = MIGRATIONS.glob("*_one_birth_year.py")
    await tx.execute(runpy.run_path(str(step))["UP"])
    assert await contradictions(tx) == 0
    assert (await profile.profile(tx, account_id=whose)).birth_year == BORN
    await correct(tx, someone, 1990)
    assert (await profile.profile(tx, account_id=whose)).birth_year == 1990
    assert not (await standing.standing(tx, account_id=whose, now=NOON)).is_child


async def test_a_childs_own_view_tells_where_it_stands(tx):
    """A year, then a code and until when, then since when a guardian has confirmed, then neither."""
    child, mother = await person(tx, "child"), await adult(tx, "mother")

    async def view(now=NOON):
        found = await standing.standing(tx, account_id=child, now=now)
        assert found.confirmed == (found.confirmed_at is not None)
        return found.birth_year, found.code_until, found.confirmed_at

    assert await view() == (None, None, None)
    code = await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)
    late = NOON + guardians.CODE_LIFE
    assert (await view(), await view(late)) == ((BORN, late, None), (BORN, None, None))
    await guardians.confirm(tx, guardian_account_id=mother, code=code, now=NOON)
    assert await view() == (BORN, None, NOON)
    await guardians.end(tx, guardian_account_id=mother, ward_account_id=child, now=NOON)
    assert await view() == (BORN, None, None)


async def test_an_officers_correction_reaches_what_a_child_told(tx):
    """Somebody who typed a child's year by mistake is a grown-up after the correction."""
    adult = await register_citizen(tx, nickname="adult", district_code="321102", now=NOON)
    await guardians.declare(tx, account_id=adult.account_id, birth_year=BORN, now=NOON)
    await correct(tx, adult, 1990)
    await links_card(tx, adult.account_id)
    assert await agreed(tx, adult.account_id) == 1
    shown = await standing.standing(tx, account_id=adult.account_id, now=NOON)
    assert (shown.is_child, shown.confirmed, shown.ranked, shown.pooled) == (
        False,
        False,
        True,
        True,
    )


async def test_two_years_at_once_by_both_doors(committing):
    """Of a profile and a guardian's code asked for together one year is heard, and both say it."""
    years = [1990, *range(BORN, BORN + 5)]
    async with committing.writing() as tx:
        someone = await person(tx, "someone")
    start = asyncio.Barrier(len(years))

    async def tell(year):
        try:
            async with committing.writing() as tx:
                await start.wait()
                if year % 2:
                    await say(tx, someone, year)
                else:
                    await guardians.declare(tx, account_id=someone, birth_year=year, now=NOON)
        except BirthYearSaid:
            return None
        return year

    [heard] = [each for each in await asyncio.gather(*map(tell, years)) if each]
    async with committing.reading() as tx:
        assert (await profile.profile(tx, account_id=someone)).birth_year == heard
        assert await about.birth_year(tx, account_id=someone) == heard
