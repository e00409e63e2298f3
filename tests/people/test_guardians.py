"""A child agrees to nothing without its guardian, and is neither ranked nor pooled by default."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from app.people import consents, guardians, linking, links, profile, standing
from app.people.errors import BirthYearSaid, GuardianNeeded, GuardianUnfit, WardNotFound
from app.people.forget import forget
from app.people.register import register_citizen
from tests.city import NOON
from tests.people.test_linking import CARD

BORN = NOON.year - 10


async def person(tx, name):
    """A citizen's account."""
    return (await register_citizen(tx, nickname=name, district_code="321102", now=NOON)).account_id


async def links_card(tx, account_id, *, now=NOON):
    """Link the card, which agrees to a scenario."""
    await linking.link(
        tx, account_id=account_id, provider_id=1, subject=CARD, scenarios=["bike_ride"], now=now
    )


async def adult(tx, name, born=1990):
    """The account of somebody who has said when they were born."""
    account_id = await person(tx, name)
    await say(tx, account_id, born)
    return account_id


async def say(tx, account_id, year):
    """Somebody says their year of birth in the profile."""
    wish = profile.Wish(birth_year=year)
    await profile.change(tx, account_id=account_id, wish=wish, known=None, now=NOON)


async def family(tx):
    """A child, its guardian, and the guardianship."""
    child, mother = await person(tx, "child"), await adult(tx, "mother")
    code = await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)
    await guardians.confirm(tx, guardian_account_id=mother, code=code.lower(), now=NOON)
    return child, mother


async def agreed(tx, account_id):
    """How many consents hold."""
    mine = await consents.of_account(tx, account_id=account_id)
    return sum(each.withdrawn_at is None for each in mine)


async def correct(tx, person, year):
    """An officer has seen a document."""
    await profile.correct_birth_year(
        tx, citizen_id=person.id, birth_year=year, officer_id=uuid4(), reason="passport", now=NOON
    )


async def test_a_child_waits_for_its_guardian(tx):
    """Before the code is confirmed nothing can be linked or agreed to; afterwards it can."""
    child, mother = await person(tx, "child"), await adult(tx, "mother")
    code = await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)
    with pytest.raises(GuardianNeeded):
        await links_card(tx, child)
    with pytest.raises(GuardianNeeded):
        await consents.agree(
            tx,
            account_id=child,
            provider_id=1,
            scenarios=["bike_ride"],
            notice_version=1,
            now=NOON,
        )
    ward = await guardians.confirm(tx, guardian_account_id=mother, code=code, now=NOON)
    assert (ward.account_id, ward.ranked, ward.pooled) == (child, False, False)
    await links_card(tx, child)
    assert len(await links.of_account(tx, account_id=child)) == 1
    assert [
        each.account_id for each in await guardians.wards(tx, guardian_account_id=mother, now=NOON)
    ] == [child]


async def test_a_code_is_one_childs_for_a_day(tx):
    """A used, old or invented code confirms nobody, and a child cannot confirm itself."""
    child, mother = await person(tx, "child"), await adult(tx, "mother")
    code = await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)
    late = NOON + guardians.CODE_LIFE
    for who, typed, at in ((mother, code, late), (mother, "2" * 10, NOON)):
        with pytest.raises(WardNotFound):
            await guardians.confirm(tx, guardian_account_id=who, code=typed, now=at)
    with pytest.raises(GuardianUnfit):
        await guardians.confirm(tx, guardian_account_id=child, code=code, now=NOON)
    newer = await guardians.declare(tx, account_id=child, birth_year=BORN, now=late)
    with pytest.raises(WardNotFound):
        await guardians.confirm(tx, guardian_account_id=mother, code=code, now=NOON)
    await guardians.confirm(tx, guardian_account_id=mother, code=newer, now=late)
    with pytest.raises(WardNotFound):
        await guardians.confirm(tx, guardian_account_id=mother, code=newer, now=late)
    with pytest.raises(GuardianUnfit):
        await guardians.declare(tx, account_id=child, birth_year=BORN, now=late)


async def test_another_child_is_no_guardian_and_a_year_is_told_once(tx):
    """A friend of the same age cannot confirm, and no child grows up by telling another year."""
    child, friend = await person(tx, "child"), await person(tx, "friend")
    code = await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)
    await guardians.declare(tx, account_id=friend, birth_year=BORN, now=NOON)
    with pytest.raises(GuardianUnfit):
        await guardians.confirm(tx, guardian_account_id=friend, code=code, now=NOON)
    for year in (BORN - 3, 1990):
        with pytest.raises(BirthYearSaid):
            await guardians.declare(tx, account_id=child, birth_year=year, now=NOON)
    with pytest.raises(GuardianNeeded):
        await links_card(tx, child)


@pytest.mark.parametrize(("years", "fits"), [(None, False), (15, False), (18, False), (19, True)])
async def test_a_guardian_has_grown_up_by_the_year_they_said(tx, years, fits):
    """Nobody under 18 confirms, nor whoever has said no year, for it may be the child itself."""
    child, friend = await person(tx, "child"), await person(tx, "friend")
    code = await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)
    if years is not None:
        await say(tx, friend, NOON.year - years)
    confirming = guardians.confirm(tx, guardian_account_id=friend, code=code, now=NOON)
    if fits:
        assert (await confirming).account_id == child
        return
    with pytest.raises(GuardianUnfit) as refusal:
        await confirming
    assert refusal.value.facts == ({"missing": "birth_year"} if years is None else {})
    assert not (await standing.standing(tx, account_id=child, now=NOON)).confirmed


async def test_growing_up_needs_nobody(tx):
    """In the year after the fourteenth birthday one agrees for oneself; grown-ups always do."""
    child, adult = await person(tx, "child"), await person(tx, "adult")
    await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)
    for years, refused in ((4, True), (5, False)):
        later = NOON + timedelta(days=366 * years)
        if refused:
            with pytest.raises(GuardianNeeded):
                await links_card(tx, child, now=later)
        else:
            await links_card(tx, child, now=later)
    assert await guardians.declare(tx, account_id=adult, birth_year=1990, now=NOON) is None


async def test_children_stand_apart_until_their_guardian_says_otherwise(tx):
    """Unranked and unpooled from the first moment, each of them the guardian's to change."""
    child, mother = await family(tx)
    alone = await person(tx, "alone")
    await guardians.declare(tx, account_id=alone, birth_year=BORN, now=NOON)
    everybody = [child, mother, alone]
    apart = await standing.apart(tx, account_ids=everybody, now=NOON)
    assert (apart.unranked, apart.unpooled) == ({child, alone}, {child, alone})
    await guardians.settle(
        tx, guardian_account_id=mother, ward_account_id=child, ranked=True, pooled=False, now=NOON
    )
    apart = await standing.apart(tx, account_ids=everybody, now=NOON)
    assert (apart.unranked, apart.unpooled) == ({alone}, {child, alone})
    grown = await standing.apart(tx, account_ids=everybody, now=NOON + timedelta(days=2000))
    assert grown.unranked == grown.unpooled == frozenset()
    with pytest.raises(WardNotFound):
        await guardians.settle(
            tx,
            guardian_account_id=mother,
            ward_account_id=alone,
            ranked=True,
            pooled=True,
            now=NOON,
        )


async def test_a_guardian_takes_everything_back(tx):
    """Ending it withdraws what was agreed to; a stranger ends nothing; the child needs one again."""
    child, mother = await family(tx)
    await links_card(tx, child)
    with pytest.raises(WardNotFound):
        await guardians.end(tx, guardian_account_id=child, ward_account_id=child, now=NOON)
    await guardians.end(tx, guardian_account_id=mother, ward_account_id=child, now=NOON)
    assert await agreed(tx, child) == 0
    with pytest.raises(GuardianNeeded):
        await links_card(tx, child)
    assert await guardians.wards(tx, guardian_account_id=mother, now=NOON) == []


async def test_at_fourteen_the_right_passes_to_the_citizen(tx):
    """A guardian of somebody grown up ends, settles and sees nothing, also by leaving."""
    child, mother = await family(tx)
    grown = NOON + timedelta(days=366 * 5)
    await links_card(tx, child)
    whose = {"guardian_account_id": mother, "ward_account_id": child, "now": grown}
    with pytest.raises(WardNotFound):
        await guardians.end(tx, **whose)
    with pytest.raises(WardNotFound):
        await guardians.settle(tx, **whose, ranked=False, pooled=False)
    assert await guardians.wards(tx, guardian_account_id=mother, now=grown) == []
    await forget(tx, account_id=mother, now=grown)
    assert await agreed(tx, child) == 1


async def test_a_year_told_anywhere_is_a_childs(tx):
    """A year said in the profile, or corrected by an officer, ends what was agreed to before."""
    one, other = [
        await register_citizen(tx, nickname=n, district_code="321102", now=NOON) for n in ("a", "b")
    ]
    for each in (one, other):
        await linking.link(
            tx,
            account_id=each.account_id,
            provider_id=1,
            subject=uuid4(),
            scenarios=["bike_ride"],
            now=NOON,
        )
    await profile.change(
        tx, account_id=one.account_id, wish=profile.Wish(birth_year=BORN), known=None, now=NOON
    )
    await correct(tx, other, BORN)
    both = [one.account_id, other.account_id]
    assert [await agreed(tx, each) for each in both] == [0, 0]
    apart = await standing.apart(tx, account_ids=both, now=NOON)
    assert apart.unranked == apart.unpooled == set(both)
    shown = await standing.standing(tx, account_id=one.account_id, now=NOON)
    assert (shown.is_child, shown.confirmed, shown.ranked, shown.pooled) == (True, *[False] * 3)


async def test_agreeing_and_ending_at_once(committing):
    """Whichever comes first, a child without a guardian has agreed to nothing."""
    async with committing.writing() as tx:
        child, mother = await family(tx)

    async def agree(n):
        try:
            async with committing.writing() as tx:
                await consents.agree(
                    tx,
                    account_id=child,
                    provider_id=1,
                    scenarios=[f"s{n}"],
                    notice_version=1,
                    now=NOON,
                )
        except GuardianNeeded:
            return False
        return True

    async def leave():
        async with committing.writing() as tx:
            await forget(tx, account_id=mother, now=NOON)

    await asyncio.gather(*(agree(n) for n in range(8)), leave(), *(agree(n) for n in range(8, 16)))
    async with committing.reading() as tx:
        assert await agreed(tx, child) == 0


async def test_what_a_child_agreed_to_before_its_age_was_known_ends(committing):
    """Telling one's year and agreeing at the same moment: nothing holds without a guardian."""
    async with committing.writing() as tx:
        child = await person(tx, "child")
        await links_card(tx, child)

    async def agree(n):
        try:
            async with committing.writing() as tx:
                await consents.give(
                    tx,
                    account_id=child,
                    provider_id=1,
                    scenarios=[f"s{n}"],
                    notice_version=1,
                    now=NOON,
                )
        except GuardianNeeded:
            return

    async def declare():
        async with committing.writing() as tx:
            assert await guardians.declare(tx, account_id=child, birth_year=BORN, now=NOON)

    await asyncio.gather(*(agree(n) for n in range(8)), declare(), *(agree(n) for n in range(8)))
    async with committing.reading() as tx:
        assert await agreed(tx, child) == 0
