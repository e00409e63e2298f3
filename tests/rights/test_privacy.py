"""The privacy page names what officers did with what is a citizen's, whoever's room it is in."""

from datetime import timedelta

from app.appeals import decide
from app.appeals.decide import Answer
from app.approvals.decide import reject
from app.approvals.propose import propose
from app.ids import new_id
from app.ledger.officer_adjust import KIND
from app.rights import privacy
from tests import city, make
from tests.appeals.test_appeals import appealed, claimed
from tests.city import NOON, SUBJECT_KEY
from tests.reductions.test_review import held, refuse
from tests.rewards.counter import claim
from tests.rewards.test_withdraw import take_back

OFFICER = new_id()
NO = Answer(OFFICER, "未通过。", "Refused.")


async def seen(tx, account_id):
    """What a citizen reads: by whom, and what, the newest first."""
    return [(each.actor, each.action) for each in await privacy.deeds(tx, account_id=account_id)]


async def test_an_answer_to_a_claim_is_seen_by_its_citizen_alone(tx):
    """An officer who takes and refuses a claim stands on its citizen's page, on nobody else's."""
    await city.programme(tx)
    anna, boris = await city.citizen(tx), await city.citizen(tx, "boris")
    asked = await claimed(tx, anna.account_id)
    await decide.assign(tx, appeal_id=asked.id, officer_id=OFFICER, now=NOON)
    await decide.refuse(tx, appeal_id=asked.id, answer=NO, now=NOON)
    told = await seen(tx, anna.account_id)
    assert ("officer", "appeals.assign") in told
    assert ("officer", "appeals.refused") in told
    assert "officer" not in {actor for actor, _ in await seen(tx, boris.account_id)}


async def test_a_held_act_that_an_officer_decided_of_is_seen(tx):
    """A refusal, and the release after an appeal, are both on the page, with words of their own."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    act = await held(tx)
    await refuse(tx, act)
    asked = await appealed(tx, anna.account_id, act)
    await decide.accept(
        tx,
        appeal_id=asked.id,
        answer=Answer(OFFICER, "已核实。", "Checked."),
        evidence=None,
        held_id=None,
        versions=await city.versions(tx),
        subject_key=SUBJECT_KEY,
        now=NOON + timedelta(days=1),
    )
    told = {action for actor, action in await seen(tx, anna.account_id) if actor == "officer"}
    assert told == {"reductions.refuse", "reductions.release", "appeals.accepted"}
    assert all(privacy.words_of(action) != (action, action) for action in told)


async def test_a_proposal_about_an_account_is_seen_even_if_it_came_to_nothing(tx):
    """Who proposed to adjust a citizen's points and who rejected it are both told."""
    await city.programme(tx)
    anna, boris = await city.citizen(tx), await city.citizen(tx, "boris")
    made = await propose(
        tx,
        kind=KIND,
        payload={"account_id": anna.account_id, "points": 5},
        reason="A mistake.",
        officer_id=OFFICER,
        now=NOON,
    )
    await reject(tx, proposal_id=made, officer_id=new_id(), now=NOON)
    told = await seen(tx, anna.account_id)
    assert told[:2] == [("officer", "approvals.reject"), ("officer", "approvals.propose")]
    assert "officer" not in {actor for actor, _ in await seen(tx, boris.account_id)}


async def test_an_offer_that_was_taken_back_is_seen_by_who_held_it(tx):
    """An officer's withdrawal of an offer concerns its holders, not who had nothing of it."""
    anna, boris = await make.rich(tx, 300), await make.rich(tx, 300)
    offer = await make.offer(tx)
    await claim(tx, anna, offer)
    await take_back(tx, offer, merchant_id=None, actor=f"officer:{OFFICER}")
    assert ("officer", "rewards.withdraw") in await seen(tx, anna)
    assert await seen(tx, boris) == []
