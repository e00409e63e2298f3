"""Moves of pictures: what officers and merchants' managers upload for offers."""

from datetime import timedelta

from app.people.offices import Office
from app.people.seats import Role
from app.rewards import pictures
from app.rewards.pictures import PER_MERCHANT_AND_DAY
from tests import make
from tests.rewards.moves import SAME, Call, Move, another_office
from tests.rewards.test_pictures import png

PNG = {"Content-Type": "image/png"}


async def for_an_officer(scene):
    """An officer uploads a picture."""
    signed = await scene.officer(Office.operator) | PNG
    return Call("/v1/admin/pictures", None, signed, {}, png())


async def for_a_manager(scene):
    """A manager uploads a picture that nobody has sent before."""
    merchant = await make.merchant(scene.tx)
    signed = scene.desk(merchant.id) | PNG
    return Call("/v1/merchant/pictures", None, signed, {"merchant": merchant}, png())


async def a_cashier(scene, call):
    """Somebody of the same merchant who only takes coupons."""
    return scene.desk(call.facts["merchant"].id, Role.cashier) | PNG


async def a_full_day(scene, call):
    """The merchant has uploaded as many others today as it may."""
    for width in range(PER_MERCHANT_AND_DAY):
        await pictures.keep(
            scene.tx,
            content=png(100 + width),
            actor="staff:x",
            merchant_id=call.facts["merchant"].id,
            now=scene.now,
        )


async def the_day_after_a_full_one(scene, call):
    """The day was full, and is over."""
    await a_full_day(scene, call)
    scene.at(scene.now + timedelta(days=1))


MOVES = [
    Move("POST /v1/admin/pictures", for_an_officer, "officers' pictures are not counted by day",
         (another_office, "403 wrong-office"), SAME, "nothing of it ends with time"),
    Move("POST /v1/merchant/pictures", for_a_manager, (a_full_day, "429 pictures-spent"),
         (a_cashier, "403 wrong-role"), SAME, (the_day_after_a_full_one, "201")),
]  # fmt: skip
