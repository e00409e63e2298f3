"""Who has an answer already is told so, and is not sent it again."""

from collections import defaultdict

from tests.api import lively
from tests.api.good import DOCUMENT
from tests.security.matrix import expected

PHONES_ASK_ALL_DAY = {
    "/v1/me/wallet",
    "/v1/me/account",
    "/v1/me/profile",
    "/v1/me/feed",
    "/v1/me/messages",
    "/v1/me/links",
    "/v1/me/consents",
    "/v1/me/claims",
    "/v1/me/appeals",
    "/v1/me/privacy",
    "/v1/me/statement",
    "/v1/me/redemptions",
    "/v1/me/requests",
    "/v1/offers",
    "/v1/offers/{offer_id}",
    "/v1/methodologies",
    "/v1/factors",
}


async def test_an_answer_with_an_etag_is_sent_once(app, client, database):
    """Every door that documents 304 gives it to its own ETag alone, in each language apart."""
    bearers, ids = await lively.inhabit(database, app)
    told = {
        p
        for p, item in DOCUMENT["paths"].items()
        if "304" in item.get("get", {}).get("responses", ())
    }
    assert told >= PHONES_ASK_ALL_DAY
    answered = set()
    known = defaultdict(lambda: lively.NOBODYS, ids | {"digest": "0" * 64})
    for path in told:
        role = next(role for role, let_in in expected()["GET", path].items() if let_in)
        headers = {"Authorization": f"Bearer {bearers[role]}"} if role in bearers else {}
        address = path.format_map(known)
        first = await client.get(address, headers=headers)
        if first.status_code != 200:
            continue  # a coupon's picture: there is no coupon
        again = headers | {"If-None-Match": first.headers["etag"]}
        same = await client.get(address, headers=again)
        assert (same.status_code, same.content) == (304, b""), path
        assert same.headers["etag"] == first.headers["etag"], path
        other = await client.get(address, headers=headers | {"If-None-Match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content), path
        answered.add(path)
    assert answered >= PHONES_ASK_ALL_DAY
