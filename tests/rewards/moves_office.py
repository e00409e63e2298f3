"""Moves about merchants: applications, standing, bank accounts, second officers."""

from uuid import UUID, uuid4

from app.approvals import decide
from app.merchants import change_account, check, invite, standing
from app.people.offices import Office
from app.people.register import register_officer
from app.people.tokens import Audience
from tests.make import NOON
from tests.merchants import front_door, moving
from tests.merchants.front_door import MAKER
from tests.rewards.moves import (
    SAME,
    Call,
    Move,
    a_merchant,
    after,
    another_merchant,
    another_office,
    itself,
)

X = {"reason": "Complaints."}


def at_the_application(verb, body):
    """An officer does something about a fresh application."""

    async def right(scene):
        application_id = await front_door.applied(scene.tx)
        path = f"/v1/admin/merchant-applications/{application_id}/{verb}"
        who = await scene.officer(Office.operator)
        return Call(path, body, who, {"application": application_id})

    return right


async def checked(scene, call):
    """An officer has checked it."""
    await front_door.checked(scene.tx, application_id=call.facts["application"])


async def refused(scene, call):
    """An officer has turned it down."""
    await check.refuse(
        scene.tx,
        application_id=call.facts["application"],
        reason="x",
        officer_id=MAKER,
        now=scene.now,
    )


async def approved(scene, call):
    """Two officers have let the company in."""
    waiting = await front_door.checked(scene.tx, application_id=call.facts["application"])
    await front_door.agree(scene.tx, waiting.proposal_id)


def at_the_merchant(verb, body, *, stopped=False, office=Office.operator):
    """An officer does something about a merchant."""

    async def right(scene):
        merchant = await front_door.onboarded(scene.tx)
        call = Call(
            f"/v1/admin/merchants/{merchant.id}/{verb}",
            body,
            await scene.officer(office),
            {"merchant": merchant},
        )
        if stopped:
            await suspended(scene, call)
        return call

    return right


async def suspended(scene, call):
    """An officer has stopped the merchant."""
    await standing.suspend(
        scene.tx,
        merchant_id=call.facts["merchant"].id,
        reason="x",
        officer_id=MAKER,
        now=scene.now,
    )


async def resumed(scene, call):
    """Two officers have let it go on."""
    proposal_id = await standing.resume(
        scene.tx,
        merchant_id=call.facts["merchant"].id,
        reason="x",
        officer_id=MAKER,
        now=scene.now,
    )
    await front_door.agree(scene.tx, proposal_id)


async def inviting_a_manager(scene):
    """An officer invites the first manager."""
    merchant = await front_door.approved(scene.tx)
    path = f"/v1/admin/merchants/{merchant.id}/managers"
    return Call(
        path, {"name": "店长"}, await scene.officer(Office.operator), {"merchant": merchant}
    )


async def a_manager_came(scene, call):
    """The merchant has a manager."""
    person = await front_door.invited(scene.tx, call.facts["merchant"].id)
    await invite.accept(scene.tx, code=person.code, now=scene.now)


async def moving_the_account(scene):
    """A finance officer writes down where a merchant is to be paid."""
    body = {
        "bank_name": "新银行",
        "bank_holder": "街角咖啡有限公司",
        "bank_account": "6222 0000 0000 9876",
        "reason": "Letter with seal.",
    }
    return await at_the_merchant("payout-account-changes", body, office=Office.finance)(scene)


async def another_account_waits(scene, call):
    """Another change waits for its second officer."""
    await moving.asked(scene.tx, call.facts["merchant"].id)


async def objecting(scene):
    """A manager says that this is not the merchant's account."""
    merchant = await front_door.onboarded(scene.tx)
    made = await moving.asked(scene.tx, merchant.id)
    path = f"/v1/merchant/payout-account-changes/{made.change_id}/object"
    facts = {"merchant": merchant, "made": made}
    return Call(path, None, scene.desk(merchant.id), facts)


async def rejected_and_asked_again(scene, call):
    """The second officer has said no, and another account was written down since."""
    officer_id = await moving.finance(scene.tx)
    proposal_id = call.facts["made"].proposal_id
    await decide.reject(scene.tx, proposal_id=proposal_id, officer_id=officer_id, now=scene.now)
    await moving.asked(scene.tx, call.facts["merchant"].id)


async def in_force(scene, call):
    """The second officer has agreed, and the week is over."""
    await moving.agree(scene.tx, call.facts["made"], now=scene.now)
    scene.at(scene.now + change_account.COOLING)


def deciding(verb):
    """A second officer decides about an application."""

    async def right(scene):
        maker = await register_officer(
            scene.tx, name=f"m-{uuid4()}", role=Office.operator, now=NOON
        )
        application_id = await front_door.applied(scene.tx)
        proposal_id: UUID = await check.check(
            scene.tx,
            application_id=application_id,
            code=f"cafe-{uuid4().hex[:12]}",
            notes="Licence seen.",
            officer_id=maker,
            now=NOON,
        )
        facts = {"application": application_id, "maker": maker}
        path = f"/v1/admin/proposals/{proposal_id}/{verb}"
        return Call(path, None, await scene.officer(Office.reviewer), facts)

    return right


async def its_maker(scene, call):
    """The officer who proposed it."""
    return scene.headers(Audience.officer, call.facts["maker"], office=Office.operator)


WEEK = after(days=8)
NO_STORE, NO_TILL, NO_PERSON = "404 store-not-found", "404 till-not-found", "404 staff-not-found"
STATE = "409 wrong-merchant-state"
NO_END = "nothing of it ends with time"
ANYBODY = "anybody may who has the secret, or a company"

MOVES = [
    Move("POST /v1/admin/merchant-applications/{application_id}/check",
         at_the_application("check", {"code": "some-cafe", "notes": "Seen."}), (refused, STATE),
         (a_merchant, "403 wrong-audience"), STATE, (approved, STATE)),
    Move("POST /v1/admin/merchant-applications/{application_id}/refuse",
         at_the_application("refuse", X), (refused, STATE), (a_merchant, "403 wrong-audience"),
         STATE, (approved, STATE)),
    Move("POST /v1/admin/merchant-applications/{application_id}/contact",
         at_the_application("contact", None), "any officer who may look may do so at any time",
         (a_merchant, "403 wrong-audience"), SAME, NO_END),
    Move("POST /v1/admin/merchants/{merchant_id}/suspend", at_the_merchant("suspend", X),
         (suspended, STATE), (a_merchant, "403 wrong-audience"), STATE, NO_END),
    Move("POST /v1/admin/merchants/{merchant_id}/resume",
         at_the_merchant("resume", X, stopped=True), (resumed, STATE),
         (a_merchant, "403 wrong-audience"), "200", (resumed, STATE)),
    Move("POST /v1/admin/merchants/{merchant_id}/managers", inviting_a_manager,
         (a_manager_came, "409 manager-there"), (a_merchant, "403 wrong-audience"), "201",
         (WEEK, "201")),
    Move("POST /v1/admin/merchants/{merchant_id}/payout-account",
         at_the_merchant("payout-account", None, office=Office.finance), "looking needs no state",
         (another_office, "403 wrong-office"), SAME, NO_END),
    Move("POST /v1/admin/merchants/{merchant_id}/payout-account-changes", moving_the_account,
         (another_account_waits, "409 account-change-waiting"),
         (another_office, "403 wrong-office"), SAME, NO_END),
    Move("POST /v1/merchant/payout-account-changes/{change_id}/object", objecting,
         (rejected_and_asked_again, "409 wrong-account-state"),
         (another_merchant, "404 account-change-not-found"), SAME,
         (in_force, "409 wrong-account-state")),
    Move("POST /v1/admin/proposals/{proposal_id}/approve", deciding("approve"), (refused, STATE),
         (its_maker, "409 same-hands"), "409 proposal-decided", (WEEK, "200")),
    Move("POST /v1/admin/proposals/{proposal_id}/reject", deciding("reject"),
         (itself("POST"), "409 proposal-decided"), (its_maker, "409 same-hands"),
         "409 proposal-decided", (WEEK, "200")),
]  # fmt: skip
