"""Settlements over HTTP: a merchant's own only, officers by their office."""

from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest

from app.people.register import register_officer
from app.people.seats import Role
from tests import make
from tests.make import NOON, merchant_headers, officer_headers
from tests.merchants import front_door
from tests.settlement.books import (
    DAY,
    NIGHT,
    file,
    finance,
    refunded,
    sell,
    stall,
)
from tests.settlement.books import (
    close as close_day,
)

OWN = "/v1/merchant/settlements"
PAID = {"bank_reference": "B-1"}


async def test_a_merchant_reads_its_own_days(database, tx, client, keys):
    """List, detail and manifest; the bytes are those that were kept, with their digest."""
    ours, theirs = await stall(tx), await stall(tx)
    await sell(tx, ours, "A-1")
    await sell(tx, theirs, "T-1")
    await close_day(database)
    desk = merchant_headers(keys, ours.merchant.id, role=Role.accountant)
    [item] = (await client.get(OWN, headers=desk)).json()["items"]
    assert (item["day"], item["state"], item["payable_fen"]) == ("2026-03-01", "closed", 701)
    assert item["merchant_id"] == str(ours.merchant.id)
    got = await client.get(f"{OWN}/2026-03-01/detail.csv", headers=desk)
    assert got.content == await file(tx, ours.merchant.id)
    assert b"T-1" not in got.content
    assert got.headers["content-type"] == "text/csv; charset=utf-8"
    manifest = await client.get(f"{OWN}/2026-03-01/manifest.json", headers=desk)
    assert sha256(manifest.content).hexdigest() == item["manifest_sha256"]
    assert manifest.json()["files"][0]["sha256"] == sha256(got.content).hexdigest()


async def test_nothing_of_another_merchant_is_visible(database, tx, client, keys):
    """Whoever took nothing that day finds nothing, whatever is asked; cashiers may not ask."""
    ours = await stall(tx)
    await sell(tx, ours, "A-1")
    await close_day(database)
    [settlement_id] = [each async for (each,) in await tx.execute("SELECT id FROM settlement")]
    other = merchant_headers(keys, (await make.merchant(tx)).id)
    assert (await client.get(OWN, headers=other)).json()["items"] == []
    for name in ("detail.csv", "manifest.json"):
        answer = await client.get(f"{OWN}/2026-03-01/{name}", headers=other)
        assert (answer.status_code, answer.json()["code"]) == (404, "settlement-not-found")
    for path in ("settlements", f"settlements/{settlement_id}/detail.csv", "payout-batches"):
        assert (await client.get(f"/v1/admin/{path}", headers=other)).status_code == 403
    cashier = merchant_headers(keys, ours.merchant.id, role=Role.cashier)
    for path in (OWN, f"{OWN}/2026-03-01/detail.csv"):
        answer = await client.get(path, headers=cashier)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong-role")


async def test_an_open_day_has_no_file(tx, client, keys):
    """Before the close the answer is that there is none; a name that is no file is refused."""
    ours = await stall(tx)
    await sell(tx, ours, "A-1")
    desk = merchant_headers(keys, ours.merchant.id)
    assert (await client.get(f"{OWN}/2026-03-01/detail.csv", headers=desk)).status_code == 404
    assert (await client.get(f"{OWN}/2026-03-01/secret", headers=desk)).status_code == 422
    assert (await client.get(f"{OWN}?cursor=x", headers=desk)).status_code == 400


async def test_pages_of_settlements_meet(database, tx, client, keys):
    """Three days come one by one, the newest first, and no more."""
    ours = await stall(tx)
    for n in range(3):
        await sell(tx, ours, f"A-{n}", now=NOON + timedelta(days=n))
    await close_day(database, now=NIGHT + timedelta(days=2))
    desk, seen, cursor = merchant_headers(keys, ours.merchant.id), [], None
    for _ in range(3):
        query = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(OWN, params=query, headers=desk)).json()
        seen += [each["day"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (["2026-03-03", "2026-03-02", "2026-03-01"], None)


async def test_officers_close_reconcile_and_pay(live_client, committing, keys):
    """From the close by hand to the bank's reference, over HTTP, by two officers of finance."""
    async with committing.writing() as tx:
        ours = await stall(tx, by=await front_door.onboarded(tx))
        for n in range(2):
            await sell(tx, ours, f"A-{n}", now=NOON - timedelta(days=1))
        await refunded(tx, ours, "A-0", "R-1", 50, now=NOON - timedelta(days=1))
        maker, checker = await finance(tx), await finance(tx)
        clerk = await register_officer(tx, name="clerk", role="reviewer", now=NOON)
    desk, second = officer_headers(keys, maker), officer_headers(keys, checker)
    other = officer_headers(keys, clerk)
    yesterday = str(DAY - timedelta(days=1))

    async def post(path, body, headers=desk):
        return await live_client.post(f"/v1/admin/{path}", json=body, headers=headers)

    async def get(path, headers=desk):
        return await live_client.get(f"/v1/admin/{path}", headers=headers)

    wish = {"through": yesterday}
    assert (await post("settlements", wish, other)).json()["code"] == "wrong-office"
    assert (await post("settlements", {"through": str(DAY)})).json()["code"] == "day-not-over"
    assert (await post("settlements", wish)).json() == {"days": [yesterday]}
    assert (await post("settlements", wish)).json() == {"days": []}
    report = (await get(f"reconciliation/{yesterday}", other)).json()
    assert (report["differing"], len(report["comparisons"])) == (0, 8)
    [item] = (await get(f"settlements?day={yesterday}")).json()["items"]
    assert item["payable_fen"] == 2 * 701 - 250 - 100
    manifest = await get(f"settlements/{item['settlement_id']}/manifest.json")
    assert sha256(manifest.content).hexdigest() == item["manifest_sha256"]
    assert (await get(f"settlements/{uuid4()}/detail.csv")).status_code == 404

    wish |= {"reason": "Weekly."}
    assert (await post("payout-batches", wish, other)).json()["code"] == "wrong-office"
    made = await post("payout-batches", wish)
    assert (made.status_code, made.json()["fen"]) == (201, item["payable_fen"])
    batch, approval = made.json()["batch_id"], f"proposals/{made.json()['proposal_id']}/approve"
    assert (await post("payout-batches", wish)).json()["code"] == "nothing-to-pay"
    early = await post(f"payout-batches/{batch}/bank.csv", None)
    assert (early.status_code, early.json()["code"]) == (409, "wrong-payout-state")
    assert (await post(approval, None)).json()["code"] == "same-hands"
    assert (await post(approval, None, other)).json()["code"] == "wrong-office"
    assert (await post(approval, None, second)).status_code == 200
    exported = await post(f"payout-batches/{batch}/bank.csv", None)
    told = (await post(f"payout-batches/{batch}/manifest.json", None)).json()
    assert told["files"][0]["sha256"] == sha256(exported.content).hexdigest()
    [payment] = (await get(f"payout-batches/{batch}")).json()["items"]
    paying = f"payouts/{payment['payout_id']}"
    assert (await post(f"{paying}/paid", PAID, other)).status_code == 403
    for _ in range(2):
        assert (await post(f"{paying}/paid", PAID)).status_code == 204
    late = await post(f"{paying}/returned", {"reason": "late"})
    assert late.json()["code"] == "wrong-payout-state"
    shown = await live_client.get(OWN, headers=merchant_headers(keys, ours.merchant.id))
    assert shown.json()["items"][0]["state"] == "paid"
    assert (await get("payout-batches")).json()["items"][0]["state"] == "approved"
    assert (await get(f"reconciliation/{yesterday}")).json()["differing"] == 0


async def test_funding_and_claims_of_a_month(database, tx, client, keys):
    """Who paid what, and the claim with its manifest; a month that is none is refused."""
    ours = await stall(tx)
    await sell(tx, ours, "A-1")
    await close_day(database)
    desk = officer_headers(keys, await finance(tx))
    items = (await client.get("/v1/admin/settlements/funding?month=2026-03", headers=desk)).json()[
        "items"
    ]
    assert [(each["source"], each["fen"]) for each in items] == [
        ("government", 501),
        ("merchant", 300),
        ("carbon", 200),
    ]
    base = "/v1/admin/subsidy-claims/2026-03"
    told = (await client.get(f"{base}/manifest.json", headers=desk)).json()
    for each in told["files"]:
        got = await client.get(f"{base}/{each['name']}", headers=desk)
        assert sha256(got.content).hexdigest() == each["sha256"]
    assert told["fen"] == 501
    for wrong in (
        "/v1/admin/settlements/funding?month=2026-13",
        "/v1/admin/subsidy-claims/26-3/claim.csv",
    ):
        assert (await client.get(wrong, headers=desk)).status_code == 422


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@x", "'quoted"])
async def test_an_order_number_is_never_a_formula(database, tx, text):
    """A till's own text stands in the file with an apostrophe; numbers stay numbers."""
    ours = await stall(tx)
    await sell(tx, ours, text)
    await close_day(database)
    content = (await file(tx, ours.merchant.id)).decode("utf-8-sig")
    assert f",'{text}," in content
