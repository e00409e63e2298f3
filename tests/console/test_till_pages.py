"""The till's pages without a browser: who gets in, what is refused, what the headers forbid."""

import re

import pytest

from app.console.till_session import COOKIE
from app.console.till_words import WORDS
from app.ledger import units
from app.ledger.earn import Earning, earn
from tests import make
from tests.console.conftest import a_shop, coupon, revoke
from tests.make import NOON
from tests.rewards import shop


@pytest.fixture
async def counter(database):
    """A shop with a till."""
    async with database.writing() as tx:
        return await a_shop(tx)


async def sign_in(client, counter):
    """The till shows its key; the word of its forms."""
    answer = await client.post("/till/sign-in", data={"key": counter.key})
    assert (answer.status_code, answer.headers["location"]) == (303, "/till")
    start = await client.get("/till")
    return re.search(r'name="word" value="([0-9a-f]{64})"', start.text)[1], answer


def order_no_in(page) -> str:
    """The number that the page has made for the sale."""
    return re.search(r'name="order_no" value="([^"]+)"', page.text)[1]


async def test_nobody_gets_in_without_a_key(client, counter):
    """Every page leads to the sign-in, and a wrong key stays outside with a sentence."""
    for path in ("look", "redeem", "undo"):
        answer = await client.post(f"/till/{path}", data={"code": "c1.x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/till")
    assert (await client.get("/till/today")).status_code == 303
    assert 'name="key"' in (await client.get("/till")).text
    last = "0" if counter.key[-1] != "0" else "1"  # a small letter would be the same symbol
    wrong = await client.post("/till/sign-in", data={"key": counter.key[:-1] + last})
    assert wrong.status_code == 422
    assert COOKIE not in wrong.headers.get("set-cookie", "")
    assert counter.key not in wrong.text


async def test_the_cookie_is_for_this_page_alone(client, counter):
    """No script reads it, no other site sends it, and it is not the key."""
    _, answer = await sign_in(client, counter)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/till", "SameSite=strict"} <= set(cookie.split("; "))
    assert counter.key not in cookie


async def test_over_https_the_cookie_is_never_sent_in_clear(app, client, counter):
    """Secure is set wherever the page came over TLS."""
    client.base_url = "https://test"
    _, answer = await sign_in(client, counter)
    assert "Secure" in answer.headers["set-cookie"].split("; ")


async def test_a_page_allows_itself_next_to_nothing(client, counter):
    """A nonce per page, no inline script, no frame, no cache."""
    first, second = await client.get("/till"), await client.get("/till")
    policy = first.headers["content-security-policy"]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)[1]
    assert nonce not in second.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert first.text.count(f'nonce="{nonce}"') == 2
    assert re.search(r"<script(?![^>]*src=)|\son\w+=|style=", first.text) is None
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-frame-options"] == "DENY"


async def test_a_form_of_another_site_does_nothing(client, database, counter):
    """Without the session's word, or from elsewhere, no coupon is taken: 403."""
    word, _ = await sign_in(client, counter)
    async with database.writing() as tx:
        held = await coupon(tx, counter)
    good = {"word": word, "code": held.code, "order_no": "T-1"}
    elsewhere = [
        (good | {"word": "0" * 64}, {}),
        ({"code": held.code, "order_no": "T-1"}, {}),
        (good, {"Origin": "https://evil.example"}),
        (good, {"Sec-Fetch-Site": "cross-site"}),
    ]
    for path in ("look", "redeem", "undo", "sign-out"):
        for data, headers in elsewhere:
            answer = await client.post(f"/till/{path}", data=data, headers=headers)
            assert answer.status_code == 403, (path, headers)
    async with database.reading() as tx:
        assert await shop.purse(tx, held) == (0, 100, 0)
    signing = await client.post(
        "/till/sign-in", data={"key": counter.key}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert signing.status_code == 403


async def test_look_take_press_twice_undo(client, database, counter):
    """The same form twice is one sale; undone, the customer has the coupon again."""
    word, _ = await sign_in(client, counter)
    async with database.writing() as tx:
        held = await coupon(tx, counter)
    seen = await client.post("/till/look", data={"word": word, "code": held.code})
    form = {"word": word, "code": held.code, "order_no": order_no_in(seen)}
    first = await client.post("/till/redeem", data=form)
    again = await client.post("/till/redeem", data=form)
    assert first.status_code == again.status_code == 200
    async with database.reading() as tx:
        assert await shop.purse(tx, held) == (0, 0, 100)
    undone = await client.post("/till/undo", data={"word": word, "order_no": order_no_in(first)})
    assert undone.status_code == 200
    async with database.reading() as tx:
        assert await shop.purse(tx, held) == (0, 100, 0)


async def test_a_price_names_its_points(client, database, counter):
    """A campaign's points are called by their name on every page, in both languages."""
    async with database.writing() as tx:
        spring = await units.define(
            tx, code="spring", name_zh="春季积分", name_en="Spring points", life_months=3
        )
        anna = make.account()
        earning = [Earning(anna, 200, make.new_id(), NOON)]
        await earn(tx, earnings=earning, expires_on=make.QUARTER_END, now=NOON, unit=spring.id)
        offer = await make.offer(tx, by=counter.offer.merchant, unit="spring")
        held = await shop.held(tx, offer=offer, account_id=anna)
    for language, name in (("en", "Spring points"), ("zh", "春季积分")):
        await client.get(f"/till/language/{language}")
        word, _ = await sign_in(client, counter)
        seen = await client.post("/till/look", data={"word": word, "code": held.code})
        form = {"word": word, "code": held.code, "order_no": order_no_in(seen)}
        done = await client.post("/till/redeem", data=form)
        today = await client.get("/till/today")
        taken = {"word": word, "order_no": form["order_no"]}
        undone = await client.post("/till/undo", data=taken)
        for page in (seen, done, undone):
            assert f"100 {name}" in page.text
        assert f"<span>{name}</span><b>100</b>" in today.text  # the total
        assert re.search(rf"<b>100</b>\s+<span>{name}</span>", today.text)  # the sale


async def test_a_refusal_is_told_and_leaves_nothing(client, database, counter):
    """A typing error (which stays to be mended), an unknown code, a spent coupon: a sentence."""
    word, _ = await sign_in(client, counter)
    async with database.writing() as tx:
        held, other = await coupon(tx, counter), await shop.held(tx)
        await shop.take(tx, held)
    answers = {
        "c1." + "0" * 26 + "1": (422, "券码输入有误", True),
        other.code: (404, "券码不存在", False),
        "hello": (422, "无法识别的券码", False),
    }
    for code, (status, title, stays) in answers.items():
        answer = await client.post("/till/look", data={"word": word, "code": code})
        assert (answer.status_code, title in answer.text) == (status, True)
        assert (f'value="{code}"' in answer.text) is stays
    spent = await client.post("/till/look", data={"word": word, "code": held.code})
    assert WORDS["state_spent"][0] in spent.text
    assert WORDS["confirm"][0] not in spent.text
    late = {"word": word, "code": held.code, "order_no": "T-9"}
    assert "已使用" in (await client.post("/till/redeem", data=late)).text


async def test_a_revoked_till_is_out(app, client, database, counter):
    """Its cookie is a good signature of a till that may not act any more."""
    await sign_in(client, counter)
    assert 'name="code"' in (await client.get("/till")).text
    async with database.writing() as tx:
        await revoke(tx, counter)
    app.state.counter._believed_s = 0
    app.state.counter._live_until.clear()
    assert 'name="key"' in (await client.get("/till")).text


async def test_signing_out_ends_the_session(client, counter):
    """Afterwards the sign-in is shown, and the cookie is gone."""
    word, _ = await sign_in(client, counter)
    await client.post("/till/sign-out", data={"word": word})
    assert COOKIE not in client.cookies
    assert 'name="key"' in (await client.get("/till")).text


async def test_what_is_no_form_is_nothing(client, counter):
    """JSON, eleven fields, or bytes that are no text are forms without a word: 403."""
    word, _ = await sign_in(client, counter)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    odd = [
        {"json": {"word": word, "code": "c1.x"}},
        {"data": {"word": word} | {f"f{n}": "1" for n in range(11)}},
        {"content": b"word=\xff", "headers": kind},
    ]
    for each in odd:
        assert (await client.post("/till/look", **each)).status_code == 403


async def test_assets_are_three(client):
    """The style, the script and the picture; nothing else is read from the disk."""
    for name, kind in (("till.css", "text/css"), ("till.js", "text/javascript"),
                       ("till.svg", "image/svg+xml")):  # fmt: skip
        answer = await client.get(f"/till/assets/{name}")
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)
    for name in ("till.py", "..%2f..%2fmain.py", "%2e%2e/frame.html"):
        assert (await client.get(f"/till/assets/{name}")).status_code == 404


async def test_both_languages_have_every_word():
    """No text is missing, and the Chinese is Chinese."""
    for name, (zh, en) in WORDS.items():
        assert zh, name
        assert en, name
        assert name == "other_language" or re.search(r"[\u4e00-\u9fff]", zh)
        assert name == "other_language" or not re.search(r"[\u4e00-\u9fff]", en)
