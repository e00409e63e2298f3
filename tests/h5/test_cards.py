"""Cards that can be told apart, and what an act shows of itself."""

from tests.h5.eyes import see


async def test_a_card_has_a_name_on_this_phone(browser, town):
    """A card is named by its person, keeps the name, and the question of unlinking says which it is."""
    await town.link()
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/links")
        await page.click("[data-test=name]")
        await page.fill("input[name=label]", "妈妈的卡")
        await see(page, "name_card_zh")
        await page.click("[data-test=save-name]")
        await page.reload()
        await page.wait_for_selector("text=· 妈妈的卡")
        await see(page, "cards_zh")
        await page.click(".act.red")
        await page.wait_for_selector("[data-test=which]:has-text('妈妈的卡')")
        await page.wait_for_timeout(400)
        await see(page, "unlink_zh")


async def test_an_explanation_shows_what_was_sent(browser, town):
    """Fields nobody sent, parameters and bare formulas are not shown as records or checks."""
    await town.link()
    await town.ride("shown-1")
    async with town.hand(browser, language="en") as watched:
        page = watched.page
        await page.goto("/#/acts")
        await page.click("a[href*='#/acts/']")
        await page.click("summary:has-text('What was recorded')")
        told = await page.inner_text("main")
        assert "distance ridden" in told.lower()
        for never in ("length of the track", "shortest ride", ">=", "kind of bicycle"):
            assert never not in told
        await see(page, "explained_en")
