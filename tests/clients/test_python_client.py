"""The typed Python client, generated from the OpenAPI document, against the real service."""

import importlib.util
import subprocess
import sys
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from app.people.tokens import Audience
from tests import city, make
from tests.api.doors import token
from tests.house.sources import ROOT
from tests.make import NOON
from tests.phone.live import service, serving
from tests.sign_in.arrivals import PHONE

STORY = ROOT / "tests" / "clients" / "morning.py"


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The folder in which the client was generated, as a newcomer would do it."""
    folder = tmp_path_factory.mktemp("client")
    command = [sys.executable, ROOT / ".ci" / "client.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def morning(generated, monkeypatch):
    """The story, with the generated client where Python looks for it."""
    monkeypatch.syspath_prepend(str(generated))
    spec = importlib.util.spec_from_file_location("morning", STORY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_client_and_what_uses_it_are_typed(generated):
    """Strictly checked, the whole client and the story that uses it have no type error."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary",
               "--cache-dir", generated / "cache", STORY, generated / "puhui_client"]  # fmt: skip
    done = subprocess.run(
        command, cwd=generated, capture_output=True, text=True, check=False,
        env={"MYPYPATH": str(generated), "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


async def test_a_morning_over_http(morning, committing, cache, keys):
    """Sign in, link, a ride arrives, points, an offer, a coupon, a till, and the statement of it."""
    app = service(committing, cache, keys)
    async with committing.writing() as tx:
        await city.programme(tx)
        offer = await make.offer(tx, points=10)

    def bearer(audience, **who):
        found = token(app.state.tokens, audience, now=NOON, **who)
        return morning.AuthenticatedClient(base_url=address, token=found)

    async with serving(app) as http, AsyncExitStack() as stack:
        address = str(http.base_url)
        codes = app.state.desk.sms.inbox
        arrived = await morning.arrive(
            address, PHONE, lambda: next(each.code for each in codes if each.phone == PHONE)
        )
        lin, provider, till = [
            await stack.enter_async_context(each)
            for each in (
                arrived,
                bearer(Audience.provider, subject="bikes"),
                bearer(Audience.merchant, subject=str(offer.merchant.id)),
            )
        ]
        assert (await morning.wallet(lin)).available == 0
        await morning.link(lin, "card-lin")
        began = NOON - timedelta(hours=2)
        ride = ("ride-1", "card-lin", began, began + timedelta(minutes=15))
        first, again = [await morning.deliver(provider, *ride) for _ in range(2)]
        assert (first.outcome, first.points, first.grams) == ("credited", 18, 180)
        assert (again.outcome, again.reduction_id) == ("duplicate", first.reduction_id)
        assert (await morning.wallet(lin)).available == 18
        assert [each.points for each in await morning.feed(lin)] == [18]
        coupon = await morning.buy_the_first(lin, "lin-buys-coffee")
        purse = await morning.wallet(lin)
        assert (purse.available, purse.held) == (8, 10)
        assert await morning.take(till, coupon.coupon, "A-1") == 10
        assert sorted(each.points for each in await morning.statement(lin)) == [-10, 18]
        assert (await morning.refused(lin)).code == "wrong-audience"
