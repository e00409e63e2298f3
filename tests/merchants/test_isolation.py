"""Nothing of another merchant is ever visible: every merchant's door, tried with a foreign key.

Whoever adds a door with a new id in its path says here how to make somebody else's; whoever adds
one with a body says what a good one is.
"""

import re
import secrets
from datetime import timedelta

from app.people.seats import Role, Seat
from app.people.tokens import Audience
from tests import make
from tests.api.doors import guards_of, routes
from tests.make import NOON
from tests.merchants import front_door, moving
from tests.merchants.front_door import headers
from tests.merchants.test_routes import STORE, TILL

BODIES = {
    ("PUT", "/v1/merchant/stores/{store_id}"): STORE,
    ("POST", "/v1/merchant/stores/{store_id}/tills"): TILL,
    ("POST", "/v1/merchant/tills/{till_id}/rotate"): {"overlap_minutes": 0},
    ("POST", "/v1/merchant/offers/{offer_id}/withdraw"): {"reason_zh": "停售", "reason_en": "Gone"},
}
EVERYTHING = """
SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
  SELECT m::text AS line FROM merchant m UNION ALL SELECT s::text FROM store s
  UNION ALL SELECT t::text FROM till t UNION ALL SELECT k::text FROM till_key k
  UNION ALL SELECT p::text FROM merchant_staff p UNION ALL SELECT o::text FROM offer o
  UNION ALL SELECT a::text FROM payout_account a) AS lines
"""


async def neighbour(tx):
    """Another merchant with one of everything: what each name in a path stands for."""
    merchant = await front_door.onboarded(tx)
    store = await front_door.store(tx, merchant.id)
    till = await front_door.till(tx, merchant.id, store.id)
    person = await front_door.invited(tx, merchant.id, Role.cashier)
    offer = await make.offer(tx, by=merchant)
    moved = await moving.asked(tx, merchant.id)
    return merchant, {
        "store_id": str(store.id),
        "till_id": str(till.till_id),
        "staff_id": str(person.staff_id),
        "offer_id": str(offer.id),
        "change_id": str(moved.change_id),
        "day": "2026-02-28",
        "name": "detail.csv",
    }


def doors(app):
    """Every merchant's route and method."""
    for route in routes(app):
        if Audience.merchant in guards_of(route):
            for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
                yield method, str(route.path)


async def test_a_foreign_id_does_not_exist_at_any_door(app, client, tx):
    """404 at every door with an id in it, for each role that is let in; and nothing has changed."""
    _, theirs = await neighbour(tx)
    stranger = await front_door.onboarded(tx)
    before = await (await tx.execute(EVERYTHING)).fetchone()
    tried = 0
    for method, path in doors(app):
        names = re.findall(r"\{(\w+)\}", path)
        if not names:
            continue
        assert set(names) <= set(theirs), f"say how to make a neighbour's {names}: {path}"
        answer = await client.request(
            method,
            path.format(**theirs),
            json=BODIES.get((method, path), {}),
            headers=headers(app, stranger.id) | {"Idempotency-Key": secrets.token_hex(8)},
        )
        assert answer.status_code == 404, f"{method} {path}: {answer.text}"
        assert all(each not in answer.text for each in theirs.values())
        tried += 1
    assert tried >= 7
    assert await (await tx.execute(EVERYTHING)).fetchone() == before


async def test_a_foreign_id_is_answered_like_one_that_nobody_has(app, client, tx):
    """The two refusals are the same to the letter, so nothing can be learnt by asking."""
    _, theirs = await neighbour(tx)
    stranger = await front_door.onboarded(tx)
    nobodys = dict.fromkeys(theirs, "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55")
    nobodys |= {"day": "2026-02-27", "name": "detail.csv"}
    for method, path in doors(app):
        if "{" not in path:
            continue
        said = []
        for ids in (theirs, nobodys):
            answer = await client.request(
                method,
                path.format(**ids),
                json=BODIES.get((method, path), {}),
                headers=headers(app, stranger.id) | {"Idempotency-Key": secrets.token_hex(8)},
            )
            said.append({k: v for k, v in answer.json().items() if k != "request_id"})
        assert said[0] == said[1], f"{method} {path}"


async def test_no_list_shows_a_neighbour(app, client, tx):
    """Every list without an id in its path, read by a stranger, holds nothing of the neighbour."""
    merchant, theirs = await neighbour(tx)
    stranger, own = await neighbour(tx)
    read = 0
    for method, path in doors(app):
        if method != "GET" or "{" in path:
            continue
        answer = await client.get(path, headers=headers(app, stranger.id))
        assert answer.status_code == 200, f"{path}: {answer.text}"
        for each in (*theirs.values(), str(merchant.id), merchant.code):
            assert each not in answer.text, path
        read += 1
    assert read >= 5
    mine = await client.get("/v1/merchant/stores", headers=headers(app, stranger.id))
    assert own["store_id"] in mine.text


async def test_a_token_without_a_role_or_with_half_a_till_opens_nothing(app, client, tx):
    """A merchant's token that says less than it must is no token."""
    merchant = await make.merchant(tx)
    tokens = app.state.tokens
    half = Seat(Role.manager, till_id=merchant.id)
    for seat in (None, half):
        token = tokens.sign(
            Audience.merchant,
            subject=str(merchant.id),
            seat=seat,
            now=NOON,
            life=timedelta(minutes=1),
        )
        answer = await client.get(
            "/v1/merchant/profile", headers={"Authorization": f"Bearer {token}"}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
