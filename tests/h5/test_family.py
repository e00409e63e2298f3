"""People together: a household by its code, and a child with its guardian."""

from tests.h5.eyes import see, until
from tests.make import NOON

MEMBERS = "document.querySelectorAll('[data-test=member]').length"
SHOWN = "[data-test=shown-code]"


async def test_a_household_is_opened_joined_and_left(browser, town):
    """One opens it and is shown a code, another types it, both see both, and one leaves again."""
    other = await town.newcomer()
    async with town.hand(browser) as mine, town.hand(browser, of=other) as theirs:
        page, guest = mine.page, theirs.page
        await page.goto("/#/household")
        await page.click("[data-test=open]")
        code = await page.inner_text(SHOWN)
        await see(page, "household_opened_zh")

        await guest.goto("/#/household")
        await guest.fill("input[name=join_code]", code.lower())
        await guest.click("form button[type=submit]")
        await until(guest, MEMBERS, 2)
        said = await guest.locator("[data-test=member]").all_inner_texts()
        assert ["lin" in said[0], "绿友" in said[1], "我" in said[1]] == [True] * 3
        await see(guest, "household_joined_zh")

        await guest.click("[data-test=leave]")
        await guest.click("[data-test=sure]")
        await guest.wait_for_selector("[data-test=open]")
        await page.reload()
        await until(page, MEMBERS, 1)
        await page.wait_for_selector(f"{SHOWN}, [data-test=renew]")
    assert await town.one("SELECT members FROM household") == (1,)


async def test_a_child_shows_a_code_and_its_guardian_decides(browser, town):
    """Without a guardian nothing is linked; with one, ranking and pooling are the guardian's word."""
    child = await town.newcomer()
    async with (
        town.hand(browser, language="en-GB") as mine,
        town.hand(browser, language="en-GB", of=child) as theirs,
    ):
        page, small = mine.page, theirs.page
        await small.goto("/#/guardians")
        await small.click("label:has-text('under 14')")
        await small.fill("input[name=birth_year]", str(NOON.year - 10))
        await small.click("form button[type=submit]")
        first = await small.inner_text(SHOWN)
        await small.reload()
        await small.click("[data-test=pending] button[type=submit]")
        code = await small.inner_text(SHOWN)
        assert code != first
        await see(small, "child_en")
        await small.goto("/#/links")
        await small.click("[data-test=add]")
        await small.fill("input[name=card]", "card-small")
        await small.check("input[value=bike_ride]")
        await small.click("form button[type=submit]")
        await small.wait_for_selector("text=Ask my guardian")

        await page.goto("/#/guardians")
        await page.wait_for_selector("[data-test=year-first]")
        await town.says_birth_year(town.citizen, 1990)
        await page.reload()
        await page.fill("input[name=ward_code]", code)
        await page.click("form button[type=submit]")
        await page.click("[data-test=ward] label:has-text('Stands in rankings')")
        await until(page, "document.querySelector('[role=switch]')?.checked", True)
        await see(page, "guardian_en")
        await small.click("form button[type=submit]")
        await small.wait_for_selector("text=Unlink")
        await small.goto("/#/guardians")
        await small.wait_for_selector("[data-test=confirmed]:has-text('Since')")
    row = await town.one("SELECT ward_account_id, ranked, pooled FROM guardianship")
    assert row == (child.account_id, True, False)
