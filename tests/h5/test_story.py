"""The client used like a person uses it: in a real browser, on a phone's screen."""

import json

import pytest

from app.cache import Cache
from app.main import create_app
from app.settings import AppSettings, Settings
from tests.browser import phone, serving
from tests.h5.eyes import see, until, waited
from tests.make import NOON
from tests.rewards.counter import sound

EVENTS = "/v1/me/events"
POINTS = "document.querySelector('[data-test=points]')?.innerText"
SESSION = "JSON.parse(localStorage.getItem('puhui.session')).refresh"


async def take_at_the_till(browser, town, code):
    """The shop's own page takes the coupon."""
    async with phone(browser, town.site.address) as watched:
        page = watched.page
        await page.goto("/till")
        await page.fill("#key", town.counter.key)
        await page.click("main button[type=submit]")
        await page.fill("#code", code)
        await page.click("#look button[type=submit]")
        await page.click("form[action='/till/redeem'] button")
        await page.wait_for_selector("text=✓")


async def test_from_a_linked_card_to_a_spent_coupon(browser, town):
    """Link, see a ride arrive, open its formula, redeem, be served at the till, read the books."""
    streams = []
    async with town.hand(browser) as watched:
        page = watched.page
        page.on(
            "response", lambda each: streams.append(each.status) if EVENTS in each.url else None
        )
        await page.goto("/#/links")
        await page.click("[data-test=add]")
        await page.fill("input[name=card]", "card-lin")
        await page.check("input[value=bike_ride]")
        await page.click("form button[type=submit]")
        await page.wait_for_selector("a.row, div.row")
        assert await town.count("link") == 1

        await page.goto("/#/")
        await page.wait_for_selector("text=还没有低碳足迹")
        streams.clear()
        await page.reload()
        await waited(lambda: 200 in streams)
        await page.wait_for_selector("text=还没有低碳足迹")
        await town.ride("live-1")
        arrival = page.locator("[data-test=arrival]")
        await arrival.wait_for()
        assert "+18" in await arrival.inner_text()
        await until(page, POINTS, "318")
        await see(page, "arrival_zh")

        await arrival.click()
        await page.wait_for_selector("[data-test=formula]")
        filled = " ".join(await page.locator("[data-test=formula]").all_inner_texts())
        assert "3.7" in filled
        assert "×" in filled
        assert "180" in await page.inner_text(".numbers")
        await see(page, "explanation_zh")

        await page.goto("/#/offers")
        await page.click("[data-test=offer]")
        await page.click("footer button")
        await page.click("[data-test=confirm]")
        await page.wait_for_selector("[data-test=qr]")
        await see(page, "coupon_zh")
        await take_at_the_till(browser, town, await page.inner_text("[data-test=code]"))
        await page.wait_for_selector("[data-test=ended] >> text=已使用")
        await see(page, "coupon_used_zh")

        await page.goto("/#/statement")
        await page.wait_for_selector("[data-test=line]")
        lines = await page.locator("[data-test=line] .points").all_inner_texts()
        assert lines == ["−100", "+18", "+300"]
    async with town.site.database.snapshot() as tx:
        await sound(tx)


async def test_the_stream_is_followed_and_resumed(browser, town):
    """Where the service streams, an event shows its ride, and the next connection goes on after it."""
    await town.link()
    lasts = []

    async def stream(route):
        lasts.append(await route.request.header_value("last-event-id"))
        if len(lasts) == 1:
            await town.ride("live-2")
        event = "retry: 1000\r\n\r\nid: e7\r\nevent: act_credited\r\ndata: {}\r\n\r\n"
        await route.fulfill(status=200, body=event, content_type="text/event-stream")

    async with town.hand(browser) as watched:
        page = watched.page
        await page.wait_for_selector("text=还没有低碳足迹")
        await page.route("**/v1/me/events", stream)
        await page.reload()
        await page.wait_for_selector("text=共享单车骑行")
        for _ in range(200):
            if len(lasts) > 1:
                break
            await page.wait_for_timeout(50)
    assert lasts[:2] == [None, "e7"]


SCREENS = {
    "/": "home",
    "/acts": "acts",
    "/offers": "offers",
    "/coupons": "coupons",
    "/me": "me",
    "/wallet": "wallet",
    "/statement": "statement",
    "/account": "account",
    "/links": "links",
    "/messages": "messages",
    "/settings": "settings",
    "/privacy": "privacy",
    "/profile": "profile",
    "/consents": "consents",
    "/appeals": "appeals",
    "/household": "household",
    "/guardians": "guardians",
    "/donate": "donate",
}


@pytest.mark.parametrize(("language", "dark"), [("zh-CN", False), ("en-GB", True)])
async def test_every_screen_can_be_read(browser, town, language, dark):
    """Chinese in light and English in dark: names, contrast and width hold on each screen."""
    await town.live()
    async with town.hand(browser, language=language, dark=dark) as watched:
        page = watched.page
        heads, said = set(), ""
        for path, name in SCREENS.items():
            await page.goto(f"/#{path}")
            # A screen's part is loaded when it is first shown; the one before stays until then.
            head = "(document.querySelector('h1')?.innerText ?? '')"
            await until(page, f"!['', {json.dumps(said)}].includes{head}", True)
            await until(page, "document.querySelector('.bones')", None)
            await see(page, f"{name}_{language[:2]}_{'dark' if dark else 'light'}")
            said = await page.inner_text("h1")
            assert any("一" <= letter <= "鿿" for letter in said) == (language == "zh-CN")
            heads.add(said)
        assert len(heads) == len(SCREENS)


async def test_the_keyboard_is_enough(browser, town):
    """Tab and Enter lead from the first screen to a coupon; the eye sees where one is."""
    async with town.hand(browser, language="en-GB") as watched:
        page = watched.page

        async def press(text):
            for _ in range(40):
                await page.keyboard.press("Tab")
                at = "document.activeElement"
                if text in (
                    await page.evaluate(f"{at}.matches('a, button') ? {at}.innerText : ''")
                ):
                    outline = await page.evaluate(f"getComputedStyle({at}).outlineStyle")
                    assert outline != "none"
                    await page.keyboard.press("Enter")
                    return
            raise AssertionError(text)

        await press("Offers")
        await page.wait_for_selector("[data-test=offer]")
        await press("One coffee")
        await page.wait_for_selector("footer button:enabled")
        await press("Redeem")
        await page.wait_for_selector("[data-test=confirm]:enabled")
        await press("Confirm")
        await page.wait_for_selector("[data-test=qr]")
    assert await town.count("redemption") == 1


async def test_language_and_looks_are_chosen_and_kept(browser, town):
    """One press each, and they hold after the page was opened again; leaving forgets the person."""
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/settings")
        await page.click("label:has-text('English')")
        await page.click("label:has-text('Dark')")
        await page.reload()
        assert await page.inner_text("h1") == "Settings"
        assert await page.get_attribute("html", "class") == "van-theme-dark"
        await page.click("[data-test=leave]")
        await page.wait_for_selector("input[name=phone]")
        kept = await page.evaluate("Object.keys(localStorage).sort().join()")
        assert kept == "puhui.language,puhui.outbox,puhui.theme,puhui.zone"
        await page.goto("/#/wallet")
        await page.wait_for_selector("input[name=phone]")


async def test_an_ended_session_leads_to_the_door(browser, town):
    """A token that the service no longer takes is forgotten, and the person is told."""
    async with town.hand(browser) as watched:
        town.site.now = NOON.replace(year=2027)
        await watched.page.goto("/#/wallet")
        await watched.page.wait_for_selector("text=登录已失效")


async def test_a_page_that_is_too_old_fetches_the_new_one(browser, town, keys):
    """426 makes the page throw its shell away and load once more, not for ever."""
    settings = Settings(environment="test", apps=AppSettings(min_versions={"h5": "9.0"}))
    app = create_app(
        settings, database=town.site.database, cache=Cache(None), keys=keys, opens=False
    )
    loads = []
    async with serving(app) as address, phone(browser, address) as watched:
        page = watched.page
        page.on("load", lambda each: loads.append(each.url))
        await page.goto(f"/#/in/{town.token}")
        await waited(lambda: len(loads) == 2)
        await page.wait_for_selector("text=当前版本已停止服务")
        await page.goto("/#/wallet")
        await page.wait_for_selector("text=当前版本已停止服务")
        await see(page)
    assert len(loads) == 2


async def test_a_stranger_comes_in_by_phone(browser, town):
    """Number, code out of the inbox page, home; the session is renewed later, and ended on leaving."""
    async with phone(browser, town.site.address) as watched:
        page = watched.page
        await page.clock.set_fixed_time(NOON)
        await page.goto("/")
        await page.wait_for_selector("input[name=phone]")
        await see(page, "sign_in_zh")
        await page.fill("input[name=phone]", "138 0013 8000")
        await page.click("form button[type=submit]")
        await page.wait_for_selector("input[name=code]")
        inbox = await page.context.new_page()
        await inbox.goto("/dev/inbox")
        code = await inbox.inner_text("td.code >> nth=0")
        await inbox.close()
        await page.fill("input[name=code]", "000000" if code != "000000" else "111111")
        await page.click("form button[type=submit]")
        await page.wait_for_selector("[role=alert]")
        await see(page, "sign_in_refused_zh")
        await page.fill("input[name=code]", code)
        await page.click("form button[type=submit]")
        await until(page, POINTS, "0")

        before = await page.evaluate(SESSION)
        town.site.later(hours=1)
        await page.clock.set_fixed_time(town.site.now)
        await page.reload()
        await until(page, f"{SESSION} !== {before!r}", True)
        await until(page, POINTS, "0")
        await page.goto("/#/settings")
        await page.wait_for_selector("text=本机")
        await see(page, "settings_signed_in_zh")
        await page.click("text=退出所有设备")
        await page.click(".language")
        await page.wait_for_selector("text=Puhui")
        await see(page, "sign_in_en")
        assert await page.is_enabled("input[name=phone]")
    await town.comes_to(0, "SELECT count(*) FROM sign_in_session WHERE ended_at IS NULL")
