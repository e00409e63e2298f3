"""Moves of money: closing days, batches of payments, the bank's file, paid and sent back."""

from datetime import timedelta

from app.people.offices import Office
from app.people.tokens import Audience
from app.settlement import payouts_pay
from tests.make import NOON
from tests.merchants import front_door
from tests.rewards.moves import SAME, Call, Move, after, another_office
from tests.settlement.books import DAY, NIGHT, finance, refunded, sell, stall
from tests.settlement.books import close as close_day
from tests.settlement.paying import approve, payments, proposed

ROUTE = "/v1/admin"


async def closing(scene):
    """The day is over and has a sale."""
    ours = await stall(scene.tx)
    await sell(scene.tx, ours, "A-1")
    scene.at(NIGHT)
    return Call(f"{ROUTE}/settlements", {"through": str(DAY)}, await scene.officer(Office.finance))


async def the_day_goes_on(scene, _):
    """It is noon of the day."""
    scene.at(NOON)


async def owed(scene):
    """A closed day that is owed, and who may propose to pay it."""
    ours = await stall(scene.tx, by=await front_door.onboarded(scene.tx))
    await sell(scene.tx, ours, "A-1")
    await close_day(scene.database)
    scene.at(NIGHT)
    maker, checker = await finance(scene.tx), await finance(scene.tx)
    body = {"through": str(DAY), "reason": "Weekly."}
    headers = scene.headers(Audience.officer, maker, office=Office.finance)
    facts = {"at": ours, "maker": maker, "checker": checker}
    return Call(f"{ROUTE}/payout-batches", body, headers, facts)


async def proposed_before(scene, call):
    """Somebody has proposed the same."""
    await proposed(scene.tx, call.facts["maker"])


async def a_batch(scene, *, agreed=True):
    """A batch, approved by a second officer."""
    call = await owed(scene)
    made = await proposed(scene.tx, call.facts["maker"])
    if agreed:
        await approve(scene.tx, made, call.facts["checker"])
    [payment] = await payments(scene.tx, made)
    return call.headers, call.facts | {"batch": made, "payment": payment}


async def exporting(scene):
    """The bank's file of an approved batch."""
    headers, facts = await a_batch(scene)
    return Call(f"{ROUTE}/payout-batches/{facts['batch'].batch_id}/bank.csv", None, headers, facts)


def noting(verb, body):
    """What the bank did with an approved payment."""

    async def right(scene):
        headers, facts = await a_batch(scene)
        return Call(f"{ROUTE}/payouts/{facts['payment'].id}/{verb}", body, headers, facts)

    return right


async def nobody_agreed(scene, call):
    """Another batch, which nobody has approved: the call is about that one."""
    payment, batch = call.facts["payment"], call.facts["batch"]
    await sent_back(scene, call)
    waiting = await proposed(scene.tx, call.facts["maker"])
    [other] = await payments(scene.tx, waiting)
    path = call.path.replace(str(payment.id), str(other.id))
    path = path.replace(str(batch.batch_id), str(waiting.batch_id))
    object.__setattr__(call, "path", path)


async def paid(scene, call):
    """The bank has paid."""
    await payouts_pay.mark_paid(
        scene.tx,
        payout_id=call.facts["payment"].id,
        bank_reference="B-0",
        officer_id=call.facts["checker"],
        now=scene.now,
    )


async def sent_back(scene, call):
    """The bank has sent it back."""
    await payouts_pay.mark_returned(
        scene.tx,
        payout_id=call.facts["payment"].id,
        reason="Closed.",
        officer_id=call.facts["checker"],
        now=scene.now,
    )


async def given_back_since(scene, call):
    """The sale was given back, and that day is closed as well: nothing is owed any more."""
    next_noon = NOON + timedelta(days=1)
    await refunded(scene.tx, call.facts["at"], "A-1", "R-1", 100, now=next_noon)
    await close_day(scene.database, now=NIGHT + timedelta(days=1))
    call.body["through"] = str(DAY + timedelta(days=1))


STATE, OFFICE = "409 wrong-payout-state", (another_office, "403 wrong-office")

MOVES = [
    Move("POST /v1/admin/settlements", closing, (the_day_goes_on, "409 day-not-over"), OFFICE,
         "200", (after(days=3), "200")),
    Move("POST /v1/admin/payout-batches", owed, (proposed_before, "409 nothing-to-pay"), OFFICE,
         "409 nothing-to-pay", (given_back_since, "409 nothing-to-pay")),
    Move("POST /v1/admin/payout-batches/{batch_id}/{name}", exporting, (nobody_agreed, STATE),
         OFFICE, SAME, (paid, "200")),
    Move("POST /v1/admin/payouts/{payout_id}/paid", noting("paid", {"bank_reference": "B-1"}),
         (nobody_agreed, STATE), OFFICE, SAME, (sent_back, STATE)),
    Move("POST /v1/admin/payouts/{payout_id}/returned", noting("returned", {"reason": "Closed."}),
         (nobody_agreed, STATE), OFFICE, SAME, (paid, STATE)),
]  # fmt: skip
