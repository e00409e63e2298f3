"""The wallet over HTTP: what a phone that already has it is told."""

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
