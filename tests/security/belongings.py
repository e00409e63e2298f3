"""A citizen who has one of everything, and whose ids stand where in a path or a body."""

from dataclasses import dataclass
from typing import Any

import httpx

from app.database import Tx
from app.intake import providers
from app.keys import Keys
from app.notices.enqueue import enqueue
from app.people import guardians, profile
from app.people.register import register_citizen
from tests import city, make
from tests.make import NOON
from tests.rewards.counter import claim
from tests.sign_in.arrivals import arrive

NOBODYS = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
NAMES = {
    "provider": "a provider's code is public",
    "scenario": "a methodology's id is public",
    "offer_id": "an offer is public; whose ticket it is stands in the token",
    "seq": "a number in one's own statement",
}
"""Parts of a path that name nothing of anybody's."""
PUBLIC_IN_BODIES = {
    "offer_id": "an offer is public",
    "device_id": "a phone names itself",
    "staff_id": "signing in: answered alike by its own rule, without saying who exists",
    "batch_id": "a till names its own batch; it is one merchant's by its key",
}


METER = {"provider": "power", "card": "3200118877665544", "scenarios": ["home_elec_hist"]}
TRIP = {
    "provider": "bikes",
    "scenario": "bike_ride",
    "happened_from": "2026-02-27T08:00:00+08:00",
    "happened_until": "2026-02-27T09:00:00+08:00",
    "note": "From South Gate.",
}


@dataclass(frozen=True)
class Belongings:
    """Whose they are, and the ids by the path that takes them."""

    account_id: int
    headers: dict[str, str]
    by_path: dict[str, dict[str, Any]]
    in_bodies: dict[str, str]


async def everything(client: httpx.AsyncClient, tx: Tx, keys: Keys) -> Belongings:
    """Anna's acts, coupons, links, claims, messages, exports, sessions and ward."""
    await city.programme(tx)
    await providers.admit(
        tx, code="power", name_zh="供电", name_en="Power", proof="amount", now=NOON
    )
    anna = await city.citizen(tx)
    me = anna.account_id
    act = await city.one(tx, city.ride())
    await make.points(tx, me, 1_000)
    bought = await claim(tx, me, await make.offer(tx))
    await enqueue(tx, template="points_earned", facts_of={me: {"points": 18}}, now=NOON)
    child = (
        await register_citizen(tx, nickname="kid", district_code="321102", now=NOON)
    ).account_id
    await profile.change(
        tx, account_id=me, wish=profile.Wish(birth_year=1990), known=None, now=NOON
    )
    code = await guardians.declare(tx, account_id=child, birth_year=2016, now=NOON)
    assert code is not None
    await guardians.confirm(tx, guardian_account_id=me, code=code, now=NOON)
    headers = make.citizen_headers(keys, me)

    async def told(method: str, path: str, body: Any = None) -> Any:
        fresh = make.citizen_headers(keys, me)
        answer = await client.request(method, path, headers=fresh, json=body)
        assert answer.status_code < 300, f"{method} {path} {answer.text}"
        return answer.json()

    [link] = (await told("GET", "/v1/me/links"))["items"]
    [message] = (await told("GET", "/v1/me/messages"))["items"]
    export = await told("POST", "/v1/me/exports")
    meter = await told("POST", "/v1/me/link-claims", METER)
    missing = await told("POST", "/v1/me/claims", TRIP | {"link_id": link["link_id"]})
    act_id = str(act.reduction_id)
    appeal = await told("POST", "/v1/me/appeals", {"act_id": act_id, "note": "Downhill."})
    session = await arrive(client)
    return Belongings(
        me,
        headers,
        {
            "/v1/me/appeals/": {"appeal_id": appeal["id"]},
            "/v1/me/claims/": {"appeal_id": missing["id"]},
            "/v1/me/exports/": {"request_id": export["request_id"]},
            "/v1/me/link-claims/": {"claim_id": meter["claim_id"]},
            "/v1/provider/link-claims/": {"claim_id": meter["claim_id"]},
            "/v1/me/links/": {"link_id": link["link_id"]},
            "/v1/me/messages/": {"message_id": message["id"]},
            "/v1/me/redemptions/": {"redemption_id": str(bought.redemption_id)},
            "/v1/me/reductions/": {"reduction_id": act_id},
            "/v1/me/sessions/": {"session_id": session["session_id"]},
            "/v1/me/wards/": {"account_id": child},
        },
        {"act_id": act_id, "link_id": link["link_id"], "upto": message["id"]},
    )
