"""The till used like a person uses it: in a real browser, on a phone's screen."""

import os
from pathlib import Path

import pytest

from app.console.till_words import WORDS
from tests.browser import phone
from tests.console.conftest import a_shop, coupon, revoke
from tests.rewards import shop
from tests.rewards.counter import sound

PICTURES = os.environ.get("PUHUI_SCREENSHOTS")
"""A folder in which pictures of the pages are left for people to look at."""


@pytest.fixture
async def counter(site):
    """A shop with a till."""
    async with site.database.writing() as tx:
        return await a_shop(tx)


async def a_coupon(site, counter):
    """A customer's coupon."""
    async with site.database.writing() as tx:
        return await coupon(tx, counter)


async def purse(site, held):
    """What the customer has; the books are sound."""
    async with site.database.snapshot() as tx:
        await sound(tx)
        return await shop.purse(tx, held)


async def sign_in(page, counter):
    """Type the till's key."""
    await page.goto("/till")
    await page.fill("#key", counter.key)
    await page.click("main button[type=submit]")
    await page.wait_for_selector("#code")


async def look(page, code):
    """Type a code and ask."""
    await page.fill("#code", code)
    await page.click("#look button[type=submit]")
    await page.wait_for_selector("section.card")
    await page.wait_for_load_state()


async def press(page, name, *, english):
    """Press the button, or follow the link, of this name."""
    await page.click(f'text="{WORDS[name][english]}"')


async def says(page, name, *, english):
    """The large line of the page is this one, and nothing is wider than the screen."""
    heading = (await page.inner_text("section.card h1")).removeprefix("✓ ")
    assert heading == WORDS[name][english]
    await fits(page)


async def fits(page):
    """Nobody has to push the page sideways."""
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= 390


async def picture(page, name, *, english):
    """Leave a picture for people, if they asked for pictures."""
    if PICTURES:
        path = Path(PICTURES) / f"till_{name}_{'en' if english else 'zh'}.png"
        await page.screenshot(path=path)


@pytest.mark.parametrize("english", [False, True], ids=["zh", "en"])
async def test_a_customer_is_served(browser, site, counter, english):
    """Sign in, type, confirm, undo, take again, look at the day: in both languages."""
    held, second = await a_coupon(site, counter), await a_coupon(site, counter)
    language = "en-GB" if english else "zh-CN"
    async with phone(browser, site.address, language=language) as watched:
        page = watched.page
        await page.goto("/till")
        await picture(page, "sign_in", english=english)
        await sign_in(page, counter)
        await fits(page)
        await picture(page, "start", english=english)

        await look(page, held.code.lower())
        await says(page, "state_presented", english=english)
        await picture(page, "coupon", english=english)
        await press(page, "confirm", english=english)
        await page.wait_for_selector("text=✓")
        await says(page, "done", english=english)
        await picture(page, "done", english=english)
        assert await purse(site, held) == (0, 0, 100)

        await press(page, "undo_sale", english=english)
        await page.wait_for_selector("section.plain")
        await says(page, "undone", english=english)
        await picture(page, "undone", english=english)
        assert await purse(site, held) == (0, 100, 0)

        for each in (held, second):
            await page.goto("/till")
            await look(page, each.code)
            await press(page, "confirm", english=english)
            await page.wait_for_selector("text=✓")
        site.later(minutes=1)
        await press(page, "tab_today", english=english)
        await page.wait_for_selector("ul.totals")
        await page.wait_for_load_state()
        assert await page.locator("ul.totals b").all_inner_texts() == ["2", "1", "200", "0"]
        assert await page.locator("ol.lines li").count() == 3
        await fits(page)
        await picture(page, "today", english=english)
        await page.locator("ol.lines button").first.click()
        await page.wait_for_selector("section.plain")
    assert sorted([await purse(site, held), await purse(site, second)]) == [
        (0, 0, 100),
        (0, 100, 0),
    ]


async def test_a_spent_coupon_and_a_typing_error_look_red(browser, site, counter):
    """What cannot be taken is told in red, and there is no button to take it."""
    held = await a_coupon(site, counter)
    async with site.database.writing() as tx:
        await shop.take(tx, held)
    async with phone(browser, site.address) as watched:
        page = watched.page
        await sign_in(page, counter)
        await look(page, held.code)
        await says(page, "state_spent", english=False)
        assert await page.locator('form[action="/till/redeem"]').count() == 0
        assert await page.locator("section.bad").count() == 1
        assert WORDS["valid_until"][0] not in await page.inner_text("section.bad")
        await picture(page, "spent", english=False)
        await page.goto("/till")
        await look(page, "c1. 0000 0000 0000 0000 0000 0000 001")
        assert "券码输入有误" in await page.inner_text("section.bad")
        await fits(page)
        await picture(page, "mistyped", english=False)
        await look(page, "c1.AAAA")
        assert "`" not in await page.inner_text("main")


async def test_pressing_back_and_confirm_again_sells_once(browser, site, counter):
    """The form carries its order number, so the second press shows the first sale."""
    held = await a_coupon(site, counter)
    async with phone(browser, site.address) as watched:
        page = watched.page
        await sign_in(page, counter)
        await look(page, held.code)
        await press(page, "confirm", english=False)
        await page.wait_for_selector("text=✓")
        number = await page.inner_text("dd.number >> nth=0")
        await page.reload()
        await page.wait_for_selector("text=✓")
        assert await page.inner_text("dd.number >> nth=0") == number
    assert await purse(site, held) == (0, 0, 100)


async def test_the_way_back_is_never_a_dead_end(browser, site, counter):
    """From an undone sale, Back shows the sale as it stands, the field, and sends nothing again."""
    held = await a_coupon(site, counter)
    async with phone(browser, site.address) as watched:
        page = watched.page
        await sign_in(page, counter)
        await look(page, held.code)
        await press(page, "confirm", english=False)
        await page.wait_for_selector("text=✓")
        sold = page.url
        await press(page, "undo_sale", english=False)
        await page.wait_for_selector("section.plain")
        await says(page, "undone", english=False)
        await page.go_back()
        assert page.url == sold
        await says(page, "undone", english=False)
        assert await page.locator("text=✓").count() == 0
        await page.go_back()
        await page.wait_for_selector("#code")
    assert await purse(site, held) == (0, 100, 0)


async def test_a_name_is_text_and_never_runs(browser, site):
    """A title with a picture that runs a script is shown as it was typed."""
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    async with site.database.writing() as tx:
        counter = await a_shop(tx, title_zh=evil[:80], title_en=evil[:80])
    held = await a_coupon(site, counter)
    async with phone(browser, site.address) as watched:
        page = watched.page
        await sign_in(page, counter)
        await look(page, held.code)
        assert (await page.inner_text("p.title >> nth=0")) == evil[:80]
        await press(page, "confirm", english=False)
        await page.wait_for_selector("text=✓")
        await page.goto("/till/today")
        assert "owned" not in await page.title()
        assert await page.locator("main img").count() == 0
        await fits(page)


async def test_the_language_is_changed_and_kept(browser, site, counter):
    """One press, and every page speaks the other language."""
    async with phone(browser, site.address) as watched:
        page = watched.page
        await sign_in(page, counter)
        await page.click("a.language")
        await page.wait_for_selector('text="Redeem"')
        await page.goto("/till/today")
        assert WORDS["nothing_yet"][1] in await page.inner_text("main")
        assert await page.get_attribute("html", "lang") == "en"


async def test_a_revoked_till_is_shown_the_door(browser, site, counter):
    """The manager closes the till while its page is open; the next press leads outside."""
    held = await a_coupon(site, counter)
    async with phone(browser, site.address) as watched:
        page = watched.page
        await sign_in(page, counter)
        await look(page, held.code)
        async with site.database.writing() as tx:
            await revoke(tx, counter)
        await press(page, "confirm", english=False)
        await page.wait_for_selector("#key")
    assert await purse(site, held) == (0, 100, 0)
