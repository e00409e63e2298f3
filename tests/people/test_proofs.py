"""A card is linked when it is proved to be somebody's: by the provider, a bill or a code."""

import asyncio
from datetime import timedelta

import pytest

from app.intake import providers
from app.people import links, proofs, proofs_asked
from app.people.errors import (
    CardTaken,
    ChallengeMissing,
    LinkClaimClosed,
    LinkClaimNotFound,
    PersonLeft,
    TooManyClaims,
)
from app.people.forget import forget
from app.people.register import register_citizen
from app.people.subjects import digest_of
from app.people.vault import Vault
from tests.city import NOON

VAULT = Vault({1: b"m" * 32}, index_key=b"i" * 32)
METER = "3200118877665544"


async def person(tx, name="anna"):
    """A citizen's account."""
    return (await register_citizen(tx, nickname=name, district_code="321102", now=NOON)).account_id


async def power(tx, proof="amount"):
    """The number of a provider whose cards are proved in some way."""
    found = await providers.admit(
        tx, code=f"power-{proof}", name_zh="供电", name_en="Power", proof=proof, now=NOON
    )
    return found.id


async def claims(tx, account_id, provider_id, *, card=METER, proof="amount", now=NOON):
    """Claim a meter."""
    return await proofs.claim(
        tx,
        account_id=account_id,
        provider_id=provider_id,
        proof=proof,
        card=card,
        subject=digest_of(b"s" * 32, provider_id=provider_id, subject=card),
        scenarios=["home_elec_hist"],
        vault=VAULT,
        now=now,
    )


async def asks(tx, provider_id, claim, *, answer="12650", now=NOON):
    """The provider says what would prove it."""
    await proofs_asked.challenge(
        tx, provider_id=provider_id, claim_id=claim.id, answer=answer, vault=VAULT, now=now
    )


async def answers(tx, account_id, claim, answer, *, now=NOON):
    """The citizen answers."""
    return await proofs.prove(
        tx, account_id=account_id, claim_id=claim.id, answer=answer, vault=VAULT, now=now
    )


async def test_the_right_amount_links_the_meter(tx):
    """Pending until the provider has asked and the answer is right; then the number is forgotten."""
    anna, provider = await person(tx), await power(tx)
    claim = await claims(tx, anna, provider)
    assert (await claims(tx, anna, provider)).id == claim.id
    with pytest.raises(ChallengeMissing):
        await answers(tx, anna, claim, "12650")
    [waiting] = await proofs_asked.waiting(
        tx, provider_id=provider, after=None, limit=9, vault=VAULT, now=NOON
    )
    assert (waiting.card, waiting.answerable) == (METER, False)
    assert await links.of_account(tx, account_id=anna) == []

    await asks(tx, provider, claim)
    wrong = await answers(tx, anna, claim, "12651")
    assert (wrong.state, wrong.tries_left) == ("pending", 4)
    assert (await answers(tx, anna, claim, " 12650 ")).state == "live"

    [mine] = await links.of_account(tx, account_id=anna)
    assert mine.scenarios == ("home_elec_hist",)
    kept = "SELECT count(*) FROM link_claim WHERE card IS NOT NULL OR answer IS NOT NULL"
    assert await (await tx.execute(kept)).fetchone() == (0,)
    with pytest.raises(LinkClaimClosed):
        await answers(tx, anna, claim, "12650")


async def test_the_provider_confirms_or_denies(tx):
    """A callback links, a denial refuses; another provider's claims are not there."""
    anna, boris = await person(tx), await person(tx, "boris")
    provider, other = await power(tx, "callback"), await power(tx)
    yes = await claims(tx, anna, provider, proof="callback")
    no = await claims(tx, boris, provider, proof="callback", card="another")
    for claim, confirmed in ((yes, True), (no, False)):
        with pytest.raises(LinkClaimNotFound):
            await proofs_asked.confirm(
                tx, provider_id=other, claim_id=claim.id, confirmed=True, now=NOON
            )
        await proofs_asked.confirm(
            tx, provider_id=provider, claim_id=claim.id, confirmed=confirmed, now=NOON
        )
    assert len(await links.of_account(tx, account_id=anna)) == 1
    assert await links.of_account(tx, account_id=boris) == []
    with pytest.raises(LinkClaimNotFound):
        await asks(tx, provider, yes)


async def test_a_code_lives_for_ten_minutes(tx):
    """What was sent a while ago proves nothing, however right it is."""
    anna, provider = await person(tx), await power(tx, "code")
    claim = await claims(tx, anna, provider, proof="code")
    await asks(tx, provider, claim, answer="K7M2QX")
    late = NOON + proofs_asked.CODE_LIFE
    with pytest.raises(LinkClaimClosed):
        await answers(tx, anna, claim, "K7M2QX", now=late)
    assert await proofs_asked.expire(tx, now=late) == 1
    assert (await proofs.one(tx, account_id=anna, claim_id=claim.id)).state == "expired"


async def test_nobody_else_can_answer_or_see_a_claim(tx):
    """Somebody else's claim is answered as if it did not exist."""
    anna, boris, provider = await person(tx), await person(tx, "boris"), await power(tx)
    claim = await claims(tx, anna, provider)
    await asks(tx, provider, claim)
    with pytest.raises(LinkClaimNotFound):
        await answers(tx, boris, claim, "12650")
    with pytest.raises(LinkClaimNotFound):
        await proofs.cancel(tx, account_id=boris, claim_id=claim.id, now=NOON)
    await proofs.cancel(tx, account_id=anna, claim_id=claim.id, now=NOON)
    assert (await proofs.of_account(tx, account_id=anna))[0].state == "cancelled"


async def test_a_days_claims_are_bounded_for_a_card_and_a_person(tx):
    """Neither many accounts on one meter nor one account on many meters can guess on."""
    provider = await power(tx)
    for n in range(proofs.CLAIMS_A_DAY):
        await claims(tx, await person(tx, f"p{n}"), provider)
    anna = await person(tx)
    with pytest.raises(TooManyClaims):
        await claims(tx, anna, provider)
    for n in range(proofs.CLAIMS_A_DAY):
        await claims(tx, anna, provider, card=f"meter-{n}")
    with pytest.raises(TooManyClaims):
        await claims(tx, anna, provider, card="one-more")
    assert await claims(tx, anna, provider, now=NOON + timedelta(days=1, seconds=1))


async def test_thirty_guesses_at_once_are_five(committing):
    """However many answers come at the same moment, five are looked at, and then it is refused."""
    async with committing.writing() as tx:
        anna, provider = await person(tx), await power(tx)
        claim = await claims(tx, anna, provider)
        await asks(tx, provider, claim)

    async def guess(n):
        try:
            async with committing.writing() as tx:
                return (await answers(tx, anna, claim, f"{n:05d}")).state
        except LinkClaimClosed:
            return "closed"

    said = await asyncio.gather(*(guess(n) for n in range(30)))
    assert {each: said.count(each) for each in set(said)} == {
        "pending": proofs.TRIES - 1,
        "refused": 1,
        "closed": 25,
    }
    with pytest.raises(LinkClaimClosed):
        async with committing.writing() as tx:
            await answers(tx, anna, claim, "12650")


async def test_two_who_prove_the_same_meter_at_once(committing):
    """Of six claimants with the right answer one holds the meter, and no claim is half decided."""
    async with committing.writing() as tx:
        provider = await power(tx)
        people = [await person(tx, f"p{n}") for n in range(6)]
        made = [await claims(tx, each, provider) for each in people]
        for each in made:
            await asks(tx, provider, each)

    async def prove(who, claim):
        try:
            async with committing.writing() as tx:
                return (await answers(tx, who, claim, "12650")).state
        except CardTaken:
            return "taken"

    said = await asyncio.gather(*map(prove, people, made))
    assert sorted(said) == ["live"] + ["taken"] * 5
    async with committing.reading() as tx:
        live = "SELECT count(*) FROM link WHERE valid_until IS NULL"
        assert await (await tx.execute(live)).fetchone() == (1,)


async def test_cards_that_wait_are_sealed_anew_after_a_rotation(tx):
    """After the rotation the newest master key alone opens them."""
    anna, provider = await person(tx), await power(tx)
    await claims(tx, anna, provider)
    newer = Vault({1: b"m" * 32, 2: b"n" * 32}, index_key=b"i" * 32)
    assert await proofs_asked.reseal(tx, vault=newer, limit=9) == 1
    assert await proofs_asked.reseal(tx, vault=newer, limit=9) == 0
    newest = Vault({2: b"n" * 32}, index_key=b"i" * 32)
    [waiting] = await proofs_asked.waiting(
        tx, provider_id=provider, after=None, limit=9, vault=newest, now=NOON
    )
    assert waiting.card == METER


async def test_whoever_leaves_claims_nothing(tx):
    """Leaving cancels what waits, and the provider can confirm it no more."""
    anna, provider = await person(tx), await power(tx, "callback")
    claim = await claims(tx, anna, provider, proof="callback")
    assert await forget(tx, account_id=anna, now=NOON)
    assert not await forget(tx, account_id=anna, now=NOON)
    with pytest.raises(LinkClaimNotFound):
        await proofs_asked.confirm(
            tx, provider_id=provider, claim_id=claim.id, confirmed=True, now=NOON
        )
    with pytest.raises(PersonLeft):
        await claims(tx, anna, provider, proof="callback")
