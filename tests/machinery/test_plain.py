"""A route without the framework's machinery refuses, documents and counts like any other."""

from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app.plain import BriefRoute, PlainRoute
from tests import make


async def test_a_plain_route_refuses_like_any_other(client):
    """Without a token it is a problem document with a request id, in the reader's language."""
    answer = await client.get("/v1/me/wallet", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_only_the_routes_own_method_is_served(client, database, keys):
    """POST to a plain route is refused with the method that is allowed."""
    async with database.writing() as tx:
        headers = make.citizen_headers(keys, await make.rich(tx, 10))
    answer = await client.post("/v1/me/wallet", headers=headers)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_a_plain_route_is_counted_under_its_template(client, database, keys):
    """A wallet's read adds one to the counter of its route."""
    async with database.writing() as tx:
        headers = make.citizen_headers(keys, await make.rich(tx, 10))

    async def counted() -> float:
        lines = (await client.get("/metrics")).text.splitlines()
        mine = [
            line
            for line in lines
            if line.startswith("puhui_requests_total{")
            and 'route="/v1/me/wallet"' in line
            and 'status="2xx"' in line
        ]
        return sum(float(line.rsplit(" ", 1)[1]) for line in mine)

    before = await counted()
    assert (await client.get("/v1/me/wallet", headers=headers)).status_code == 200
    assert await counted() == before + 1


async def test_a_refusal_is_counted_once(client):
    """Whoever is refused on the shortcut goes through every layer, and adds one to the numbers."""

    async def counted() -> float:
        lines = (await client.get("/metrics")).text.splitlines()
        mine = 'puhui_requests_total{method="GET",route="/v1/me/wallet",status="4xx"}'
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(mine))

    before = await counted()
    assert (await client.get("/v1/me/wallet")).status_code == 401
    assert await counted() == before + 1


async def test_a_hot_route_is_answered_past_the_framework(app, client, database, keys, monkeypatch):
    """A wallet is read although the framework's router is broken; a body goes through it."""
    async with database.writing() as tx:
        headers = make.citizen_headers(keys, await make.rich(tx, 10))
    await client.get("/livez")  # the layers have been made

    async def broken(*_: object) -> None:
        raise RuntimeError("the router was asked")

    monkeypatch.setattr(type(app.router), "__call__", broken)
    assert (await client.get("/v1/me/wallet", headers=headers)).status_code == 200
    for asked in (
        client.get("/livez"),
        client.get("/v1/me/wallet/", headers=headers),
        client.head("/v1/me/wallet", headers=headers),
        client.request("GET", "/v1/me/wallet", headers=headers, content=b"x"),
    ):
        assert (await asked).status_code == 500


async def test_a_bug_on_a_hot_route_is_a_500(app, client, database, keys, monkeypatch):
    """What nobody expected is a problem document with the request's id, like anywhere else."""
    async with database.writing() as tx:
        headers = make.citizen_headers(keys, await make.rich(tx, 10))

    def fail(**_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(app.state.database, "reading_as", fail)
    answer = await client.get("/v1/me/wallet", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_a_body_that_a_plain_route_does_not_read_is_bounded(app, client, database, keys):
    """A wallet with an enormous body is 413, as on any route."""
    async with database.writing() as tx:
        headers = make.citizen_headers(keys, await make.rich(tx, 10))
    large = b"x" * (app.state.settings.limits.body_bytes + 1)
    answer = await client.request("GET", "/v1/me/wallet", headers=headers, content=large)
    assert (answer.status_code, answer.json()["code"]) == (413, "http-413")


def test_a_plain_route_that_asks_for_more_is_not_made():
    """An endpoint with a parameter of the query, without a guard, or with a nested one fails."""

    async def guard(request: Request) -> int:
        return len(request.url.path)

    async def nested(request: Request, below: Annotated[int, Depends(guard)]) -> int:
        return below

    async def with_query(request: Request, who: Annotated[int, Depends(guard)], page: int) -> None:
        """Ask the framework for a number."""

    async def unguarded(request: Request) -> None:
        """Ask nobody."""

    async def deep(request: Request, who: Annotated[int, Depends(nested)]) -> None:
        """Ask a guard that asks another one."""

    async def good(request: Request, who: Annotated[int, Depends(guard)]) -> Response:
        """Ask for what is given."""
        return Response()

    app = FastAPI()
    app.router.add_api_route("/good", good, route_class_override=PlainRoute)
    for endpoint in (with_query, unguarded, deep):
        with pytest.raises(AssertionError, match="plain route"):
            app.router.add_api_route("/bad", endpoint, route_class_override=PlainRoute)


def test_a_brief_route_that_asks_for_more_is_not_made():
    """An endpoint without a body, with a number of the query, or a guard that needs a body fails."""

    class Wish(BaseModel):
        units: int

    async def guard(request: Request) -> int:
        return len(request.url.path)

    async def needy(request: Request, wish: Wish) -> int:
        return wish.units

    async def bodiless(request: Request, who: Annotated[int, Depends(guard)]) -> None:
        """Ask for nothing."""

    async def with_query(request: Request, wish: Wish, page: int) -> None:
        """Ask the framework for a number."""

    async def deep(request: Request, wish: Wish, who: Annotated[int, Depends(needy)]) -> None:
        """Ask a guard that reads the body, too."""

    async def good(request: Request, wish: Wish, who: Annotated[int, Depends(guard)]) -> Response:
        """Ask for what is given."""
        return Response()

    app = FastAPI()
    app.router.add_api_route("/good", good, methods=["POST"], route_class_override=BriefRoute)
    for endpoint in (bodiless, with_query, deep):
        with pytest.raises(AssertionError, match="a brief route"):
            app.router.add_api_route(
                "/bad", endpoint, methods=["POST"], route_class_override=BriefRoute
            )
