"""The wallet over HTTP: what a phone that already has it is told."""

from datetime import date

from app.ledger.balances import BalanceView, Lot
from app.ledger.schemas import WalletView, wallet_json
from tests import make


async def test_an_unchanged_wallet_is_not_sent_again(client, database, keys):
    """The same ETag is answered with 304 and no body; after a change the whole wallet comes."""
    async with database.writing() as tx:
        account_id = await make.rich(tx, 300)
    headers = make.citizen_headers(keys, account_id)
    first = await client.get("/v1/me/wallet", headers=headers)
    assert (first.status_code, first.json()["available"]) == (200, 300)
    assert first.headers["content-type"] == "application/json"
    known = headers | {"If-None-Match": first.headers["etag"]}
    second = await client.get("/v1/me/wallet", headers=known)
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert "private" in second.headers["cache-control"]
    async with database.writing() as tx:
        await make.points(tx, account_id, 5)
    third = await client.get("/v1/me/wallet", headers=known)
    assert (third.status_code, third.json()["available"]) == (200, 305)


def test_a_wallet_is_written_as_its_schema_says():
    """Read back through the documented model and written by it, each body is the same bytes."""
    lots = (Lot(date(2027, 3, 31), 40), Lot(date(2028, 12, 31), 2))
    spent, full = BalanceView(50, 50, 0, 9, ()), BalanceView(100, 38, 20, 7, lots)
    for wallet in (
        {},
        {"points": full},
        {"points": spent, "spring_2026": full, "春": spent},
        {"spring_2026": full},
    ):
        body = wallet_json(wallet)
        assert WalletView.model_validate_json(body).model_dump_json().encode() == body
        read = WalletView.model_validate_json(body)
        assert read.available == wallet.get("points", spent).available
        assert [each.unit for each in read.others] == [code for code in wallet if code != "points"]
