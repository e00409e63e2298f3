"""What a person says about themself, what they agreed to, and what they were told."""

import json

from tests.h5.eyes import see, until, waited

KEPT = "localStorage.getItem('puhui.kept:/v1/me/profile')"
REQUESTS = "document.querySelectorAll('[data-test=request]').length"


async def test_a_newcomer_is_not_called_by_digits_and_says_who_they_are(browser, town):
    """A newcomer has a friendly name until they say one; nickname, district and year are kept; a mistake is asked about."""
    person = await town.newcomer()
    async with town.hand(browser, of=person) as watched:
        page = watched.page
        await page.goto("/#/me")
        await page.wait_for_selector("text=绿友")
        await page.click("a.person")
        await page.wait_for_selector("input[name=nickname]")
        await page.fill("input[name=nickname]", "小雨")
        await page.select_option("select[name=district]", label="润州区")
        await page.fill("input[name=birth_year]", "1990")
        await page.click("[data-test=save]")
        await page.wait_for_selector("input[name=birth_year][readonly]")
        await see(page, "profile_zh")

        await page.click("[data-test=correct]")
        await page.fill("textarea[name=wish]", "我出生于 1991 年")
        await page.click("[data-test=send-correction]")
        await page.wait_for_selector("text=已提交更正申请")
        await page.goto("/#/privacy")
        await until(page, REQUESTS, 1)
        assert "答复期限 2026年" in await page.inner_text("[data-test=request]")
        await see(page, "privacy_asked_zh")
    row = await town.one(
        "SELECT nickname, district_code, birth_year FROM citizen WHERE account_id = %s",
        person.account_id,
    )
    assert row == ("小雨", "321111", 1990)


async def test_a_late_answer_does_not_undo_what_was_typed(browser, town):
    """The profile of last time is shown at once; its newest copy leaves a changed field alone."""
    held = []
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/profile")
        await page.wait_for_selector("[data-test=save]")

        async def later(route):
            held.append(route)

        now = json.loads(await page.evaluate(KEPT))["body"]
        await page.route("**/v1/me/profile", later)
        await page.reload()
        await page.fill("input[name=nickname]", "jasmine")
        await waited(lambda: len(held) == 1)
        await held[0].fulfill(json=dict(now, district_code="321111"))
        await until(page, "document.querySelector('select[name=district]').value", "321111")
        assert await page.input_value("input[name=nickname]") == "jasmine"


async def test_a_consent_is_read_taken_back_and_given_again(browser, town):
    """The notice's own words, withdrawal at once, and agreement anew to the present edition."""
    await town.link()
    async with town.hand(browser, language="en-GB") as watched:
        page = watched.page
        await page.goto("/#/consents")
        await page.click("[data-test=consent] button")
        await page.wait_for_selector("text=You may withdraw at any time")
        await see(page, "consent_en")
        await page.click("[data-test=withdraw]")
        await page.wait_for_selector("h2:has-text('Taken back')")
        live = "SELECT count(*) FROM consent WHERE withdrawn_at IS NULL AND account_id = %s"
        await town.comes_to(0, live, town.citizen.account_id)
        town.site.later(minutes=1)
        await page.click("text=Agree again")
        await page.click("[data-test=agree]:enabled")
        await page.wait_for_selector("[data-test=consent]")
        await town.comes_to(1, live, town.citizen.account_id)


async def test_all_messages_are_read_with_one_press(browser, town):
    """What is new is marked; one press marks everything up to it as read, here and in the service."""
    await town.live()
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/messages")
        await page.wait_for_selector("button.fresh")
        await page.click("[data-test=read-all]")
        await until(page, "document.querySelector('button.fresh')", None)
        await page.goto("/#/me")
        await page.wait_for_selector("text=消息")
        await until(page, "document.querySelector('.badge')", None)
