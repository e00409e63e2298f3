"""A card belongs to one person at a time; consent is given and taken back."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from app.people import agreed, consents, linking, links
from app.people.errors import CardTaken, CitizenNotFound, LinkNotFound
from app.people.register import citizen, register_citizen
from app.people.subjects import digest_of
from methodologies.moments import us_of
from tests.city import NOON

CARD = UUID(int=7)
CARDS = {"card": CARD.bytes}


async def person(tx, name):
    """A citizen."""
    return await register_citizen(tx, nickname=name, district_code="321102", now=NOON)


async def tie(tx, who, *, scenarios=("bike_ride",), now=NOON):
    """Link the card with provider 1."""
    await linking.link(
        tx,
        account_id=who.account_id,
        provider_id=1,
        subject=CARD,
        scenarios=scenarios,
        now=now,
    )


async def test_a_card_has_one_holder(tx):
    """A second person is refused while the first holds the card."""
    anna, boris = await person(tx, "anna"), await person(tx, "boris")
    await tie(tx, anna)
    with pytest.raises(CardTaken):
        await tie(tx, boris)


async def test_linking_again_adds_scenarios(tx):
    """The same person may agree to more; nothing is doubled."""
    anna = await person(tx, "anna")
    await tie(tx, anna)
    await tie(tx, anna, scenarios=("bike_ride", "transit_rail"))

    [mine] = await links.of_account(tx, account_id=anna.account_id)
    assert mine.scenarios == ("bike_ride", "transit_rail")


async def test_linking_again_with_nothing_new_is_no_deed(tx):
    """The record tells what citizens did: a link, more scenarios, and no repetition of either."""
    anna = await person(tx, "anna")
    for scenarios in (
        ("bike_ride",),
        ("bike_ride",),
        ("bike_ride", "transit_rail"),
        ("bike_ride",),
    ):
        await tie(tx, anna, scenarios=scenarios)

    rows = await tx.execute(
        "SELECT facts ->> 'scenarios' FROM audit_record"
        " WHERE action = 'people.link' AND actor = %s ORDER BY id",
        (f"citizen:{anna.account_id}",),
    )
    assert await rows.fetchall() == [("bike_ride",), ("bike_ride,transit_rail",)]


async def test_a_link_reaches_back_but_not_into_anothers_time(tx):
    """The next holder's acts begin when the former holder's ended."""
    anna, boris = await person(tx, "anna"), await person(tx, "boris")
    await tie(tx, anna)
    await linking.unlink(tx, account_id=anna.account_id, subject=CARD, now=NOON)
    await tie(tx, boris, now=NOON + timedelta(days=1))

    found = await links.holders(tx, provider_id=1, subjects=CARDS)

    hers, his = sorted(found["card"], key=lambda holder: holder.valid_from_us)
    assert hers.valid_from_us == us_of(NOON - linking.REACHES_BACK)
    assert (hers.valid_until_us, his.valid_from_us) == (us_of(NOON), us_of(NOON))
    pairs = {(each.account_id, "bike_ride") for each in (anna, boris)}
    asked = await agreed.ask(tx, pairs=pairs, provider_id=1)
    assert await agreed.missing(asked, pairs=pairs) == {(anna.account_id, "bike_ride")}
    assert not hers.held_it_at(us_of(NOON))
    assert his.held_it_at(us_of(NOON))


async def test_anothers_link_cannot_be_untied(tx):
    """Somebody else's link is answered as if it did not exist."""
    anna, boris = await person(tx, "anna"), await person(tx, "boris")
    await tie(tx, anna)
    with pytest.raises(LinkNotFound):
        await linking.unlink(tx, account_id=boris.account_id, subject=CARD, now=NOON)


async def test_withdrawing_one_scenario_keeps_the_others(tx):
    """Scenarios are independent of each other."""
    anna = await person(tx, "anna")
    await tie(tx, anna, scenarios=("bike_ride", "transit_rail"))
    await consents.withdraw(
        tx, account_id=anna.account_id, provider_id=1, scenario="bike_ride", now=NOON
    )
    pairs = {(anna.account_id, "bike_ride"), (anna.account_id, "transit_rail")}
    asked = await agreed.ask(tx, pairs=pairs, provider_id=1)
    assert await agreed.missing(asked, pairs=pairs) == {(anna.account_id, "bike_ride")}


async def test_two_people_race_for_a_card(committing):
    """Of eight who link one card at once, one holds it."""
    async with committing.writing() as tx:
        people = [await person(tx, f"p{n}") for n in range(8)]

    async def attempt(who):
        try:
            async with committing.writing() as tx:
                await tie(tx, who)
        except CardTaken:
            return "taken"
        return "linked"

    answers = await asyncio.gather(*(attempt(who) for who in people))
    assert sorted(answers) == ["linked"] + ["taken"] * 7


async def test_the_number_on_a_card_is_nowhere_in_the_database(tx):
    """What is kept is a keyed digest: another key or another provider gives another one."""
    digest = digest_of(b"k" * 32, provider_id=1, subject="3104770012345678")
    assert digest != digest_of(b"l" * 32, provider_id=1, subject="3104770012345678")
    assert digest != digest_of(b"k" * 32, provider_id=2, subject="3104770012345678")
    assert digest == digest_of(b"k" * 32, provider_id=1, subject="3104770012345678")


async def test_a_citizen_is_registered_once(tx):
    """The same nickname is the same person; an unknown one is a refusal."""
    anna = await person(tx, "anna")
    assert await person(tx, "anna") == anna
    assert await citizen(tx, name=str(anna.id)) == anna
    with pytest.raises(CitizenNotFound):
        await citizen(tx, name="nobody")
