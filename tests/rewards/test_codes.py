"""Merchants' own codes: imported line by line, sealed, handed out once, shown to their owner."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag

from app.ledger import balances
from app.problems import DomainError
from app.rewards import codes_import, codes_seal, codes_show, release
from app.rewards.cancel import cancel
from app.rewards.errors import CouponNotOpen, OfferNotFound
from app.rewards.offers_errors import CodesUnreadable, NoMerchantCode
from app.rewards.tables import Delivery
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, claim, sound


def clock():
    """Noon."""
    return NOON


async def coded(tx, lines, **terms):
    """An offer that hands out a list of codes, and the list's import."""
    offer = await make.offer(
        tx, stock=0, delivery=Delivery.merchant_code, **({"per_citizen": 9} | terms)
    )
    content = "\n".join(lines).encode()
    import_id = await codes_import.receive(
        tx, offer_id=offer.id, content=content, key=KEY, now=NOON
    )
    return offer, import_id


async def read_all(tx, import_id, *, limit=1_000):
    """Read a list to its end in steps."""
    while await codes_import.import_some(tx, import_id=import_id, limit=limit, now=NOON):
        pass


async def show(tx, account_id, made):
    """The owner looks at the code."""
    return await codes_show.show(
        tx, account_id=account_id, redemption_id=made.redemption_id, key=KEY, now=NOON
    )


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_each_new_line_is_a_unit_and_the_rest_is_listed(tx, limit):
    """Heading, doubles, empty and overlong lines are told by number, whatever a step's size."""
    lines = ["code", "A-1", "A-2,cinema", "A-1", "", "x" * 201, "\tA-3 "]
    offer, import_id = await coded(tx, lines)
    await read_all(tx, import_id, limit=limit)

    done = await codes_import.progress(tx, offer_id=offer.id, import_id=import_id)
    assert (done.lines, done.done, done.taken, done.rejected) == (6, 6, 3, 3)
    assert done.finished_at == NOON
    found = await codes_import.rejects(tx, import_id=import_id, after=0, limit=9)
    assert [(each.line, each.reason) for each in found] == [
        (3, "duplicate"),
        (4, "empty"),
        (5, "too-long"),
    ]
    row = await tx.execute(
        "SELECT sum(remaining)::int, sum(initial)::int FROM offer_stock WHERE offer_id = %s",
        (offer.id,),
    )
    assert await row.fetchone() == (3, 3)
    second = await codes_import.receive(
        tx, offer_id=offer.id, content=b"A-3\nA-4", key=KEY, now=NOON
    )
    await read_all(tx, second)
    again = await codes_import.progress(tx, offer_id=offer.id, import_id=second)
    assert (again.taken, again.rejected) == (1, 1)
    await sound_after_a_claim(tx, offer)


async def sound_after_a_claim(tx, offer):
    """Somebody claims, and every invariant holds."""
    await claim(tx, await make.rich(tx), offer)
    await sound(tx)


async def test_no_code_can_be_read_in_the_database(tx):
    """Neither staged lines nor stored codes hold the text, and no log does."""
    offer, import_id = await coded(tx, ["SECRET-7431"])
    for table in ("code_line", "offer_code"):
        rows = await tx.execute(f"SELECT t::text, sealed FROM {table} t")
        for text, sealed in await rows.fetchall():
            assert "SECRET" not in text
            assert b"SECRET" not in bytes(sealed)
        await read_all(tx, import_id)
    row = await (await tx.execute("SELECT sealed FROM offer_code")).fetchone()
    sealed = bytes(row[0])
    assert codes_seal.unseal(KEY, offer_id=offer.id, sealed=sealed) == "SECRET-7431"
    with pytest.raises(InvalidTag):
        codes_seal.unseal(b"x" * 32, offer_id=offer.id, sealed=sealed)
    with pytest.raises(InvalidTag):
        codes_seal.unseal(KEY, offer_id=import_id, sealed=sealed)


async def test_looking_at_a_code_spends_it_once(database):
    """The first look pays the merchant; the second shows the same, and it cannot be given back."""
    async with database.writing() as tx:
        anna = await make.rich(tx, 300)
        offer, import_id = await coded(tx, ["A-1", "A-2"])
        await read_all(tx, import_id)
        made, unseen = await claim(tx, anna, offer), await claim(tx, anna, offer)
        first, again = await show(tx, anna, made), await show(tx, anna, made)
        assert first.code == again.code
        assert first.code in {"A-1", "A-2"}
        assert "A-" not in repr(first)
        balance = await balances.balance(tx, account_id=anna)
        assert (balance.consumed, balance.held) == (100, 100)
        with pytest.raises(CouponNotOpen):
            await cancel(tx, account_id=anna, redemption_id=made.redemption_id, now=NOON)
        await cancel(tx, account_id=anna, redemption_id=unseen.redemption_id, now=NOON)
        boris = await make.rich(tx)
        theirs = await show(tx, boris, await claim(tx, boris, offer))
        assert {first.code, theirs.code} == {"A-1", "A-2"}
        await sound(tx)
        plain = await claim(tx, anna, await make.offer(tx))
        with pytest.raises(NoMerchantCode):
            await show(tx, anna, plain)


async def test_an_unseen_code_that_ran_out_is_handed_out_again(tx):
    """The sweep returns the code with the unit."""
    anna, boris = await make.rich(tx), await make.rich(tx)
    offer, import_id = await coded(tx, ["ONLY-ONE"])
    await read_all(tx, import_id)
    await claim(tx, anna, offer)
    tomorrow = NOON + timedelta(days=1)
    assert await release.release_late(tx, bucket=anna % 1024, limit=9, now=tomorrow) == 1
    assert (await show(tx, boris, await claim(tx, boris, offer))).code == "ONLY-ONE"
    await sound(tx)


async def test_every_code_goes_to_one_citizen(committing):
    """Forty ask at once for thirty codes: thirty different ones, and ten are told "sold out"."""
    lines = [f"C-{number}" for number in range(30)]
    async with committing.writing() as tx:
        people = [await make.rich(tx) for _ in range(40)]
        offer, import_id = await coded(tx, lines)
    await codes_import.run_import(committing, import_id=import_id, clock=clock)

    async def asking(account_id):
        try:
            async with committing.writing() as tx:
                made = await claim(tx, account_id, offer)
            async with committing.writing() as tx:
                return (await show(tx, account_id, made)).code
        except DomainError as error:
            return error.code()

    answers = Counter(await asyncio.gather(*(asking(each) for each in people)))
    assert answers.pop("offer-sold-out") == 10
    assert answers == Counter(lines)
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_two_workers_read_one_list(committing):
    """Nothing is taken twice, and the progress is the list's."""
    async with committing.writing() as tx:
        offer, import_id = await coded(tx, [f"C-{number}" for number in range(2_500)])
    await asyncio.gather(
        *(codes_import.run_import(committing, import_id=import_id, clock=clock) for _ in range(2))
    )
    async with committing.snapshot() as tx:
        done = await codes_import.progress(tx, offer_id=offer.id, import_id=import_id)
        assert (done.done, done.taken, done.rejected) == (2_500, 2_500, 0)
        row = await tx.execute(
            "SELECT sum(initial)::int FROM offer_stock WHERE offer_id = %s", (offer.id,)
        )
        assert await row.fetchone() == (2_500,)


async def refused(tx, offer, import_id):
    """How many lines were taken, and why the others were not."""
    done = await codes_import.progress(tx, offer_id=offer.id, import_id=import_id)
    found = await codes_import.rejects(tx, import_id=import_id, after=0, limit=99)
    return done.taken, [(each.line, each.reason) for each in found]


@pytest.mark.parametrize("older", [False, True])
async def test_a_code_is_in_one_list_of_a_merchant(tx, older):
    """Another offer of the merchant's cannot list it too, nor can one whose list is old."""
    first, import_id = await coded(tx, ["A-1", "DUP-1"])
    await read_all(tx, import_id)
    if older:
        await tx.execute("UPDATE offer_code SET merchant_digest = NULL")
    same = first.merchant
    second, listed = await coded(tx, ["B-1", "DUP-1", "B-1", ""], by=same)
    await read_all(tx, listed)
    assert await refused(tx, second, listed) == (
        1,
        [(2, "in-another-offer"), (3, "duplicate")],
    )
    stranger, theirs = await coded(tx, ["DUP-1"])
    await read_all(tx, theirs)
    assert await refused(tx, stranger, theirs) == (1, [])
    await sound_after_a_claim(tx, second)


async def test_two_lists_with_the_same_codes_at_once(committing):
    """Each code is in one of the two offers, and neither import fails."""
    lines = [f"C-{number}" for number in range(1_500)]
    async with committing.writing() as tx:
        one, first = await coded(tx, lines)
        two, second = await coded(tx, lines[::-1], by=one.merchant)
    await asyncio.gather(
        *(
            codes_import.run_import(committing, import_id=each, clock=clock)
            for each in (first, second)
        )
    )
    async with committing.snapshot() as tx:
        done = [
            await codes_import.progress(tx, offer_id=offer.id, import_id=each)
            for offer, each in ((one, first), (two, second))
        ]
        assert sum(each.taken for each in done) == 1_500
        assert sum(each.rejected for each in done) == 1_500
        rows = await tx.execute(
            "SELECT count(*)::int, count(DISTINCT reason)::int FROM code_line"
            " WHERE import_id = ANY(%s) AND reason = 'in-another-offer'",
            ([first, second],),
        )
        assert await rows.fetchone() == (1_500, 1)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe\x00", b'"open'])
async def test_what_is_no_list(tx, content):
    """Nothing is staged for it."""
    offer = await make.offer(tx, stock=0, delivery=Delivery.merchant_code)
    with pytest.raises(CodesUnreadable):
        await codes_import.receive(tx, offer_id=offer.id, content=content, key=KEY, now=NOON)


async def test_codes_are_for_offers_that_hand_them_out(tx):
    """An offer with our own coupons takes no list."""
    offer = await make.offer(tx)
    with pytest.raises(OfferNotFound):
        await codes_import.receive(tx, offer_id=offer.id, content=b"A", key=KEY, now=NOON)
