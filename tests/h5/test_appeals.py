"""What went wrong is said from the phone: a missing trip, an act that is held, and the answer."""

from app.appeals import decide
from app.appeals.decide import Answer
from app.ids import new_id
from tests import city
from tests.city import MORNING, SUBJECT_KEY
from tests.h5.eyes import see, until

APPEALS = "document.querySelectorAll('[data-test=appeal]').length"


async def accepted(town, appeal_id):
    """An officer found the ride and says so."""
    async with town.site.database.writing() as tx:
        await decide.accept(
            tx,
            appeal_id=appeal_id,
            answer=Answer(new_id(), "已核实,骑行属实。", "Checked; you did ride."),
            evidence=city.ride()["data"],
            held_id=None,
            versions=await city.versions(tx),
            subject_key=SUBJECT_KEY,
            now=town.site.now,
        )


async def test_a_missing_trip_is_claimed_and_its_answer_seen(browser, town):
    """Card, day and part of the day are enough; the deadline is told, then the answer and its grams."""
    await town.link()
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/appeals")
        await page.click("[data-test=claim]")
        await page.fill("input[name=day]", MORNING.date().isoformat())
        await page.click("form label:has-text('上午')")
        await page.fill("textarea[name=note]", "8 点左右,从南门骑到车站")
        await see(page, "trip_form_zh")
        await page.click("[data-test=send-trip]")
        await page.wait_for_selector("text=最迟 2026年3月13日答复")
        assert await page.inner_text("[data-test=state]") == "待受理"
        await see(page, "trip_waits_zh")
        number, since, until_at = await town.one(
            "SELECT id, happened_from, happened_until FROM appeal"
        )
        assert (since.hour, until_at.hour) == (21, 4)  # five to noon in Zhenjiang

        await accepted(town, number)
        await page.wait_for_selector("[data-test=reason] >> text=已核实，骑行属实。")
        assert "+18" in await page.inner_text(".answer")
        await see(page, "trip_accepted_zh")
        await page.goto("/#/appeals")
        await page.wait_for_selector("[data-test=appeal] >> text=已通过")


async def test_an_act_under_review_is_one_press_from_an_appeal(browser, town):
    """The feed's own button, one sentence, and the appeal's page; a second appeal is told it waits."""
    await town.link()
    await town.ride("too-fast", minutes=2, distance_km="4")
    async with town.hand(browser, language="en-GB", dark=True) as watched:
        page = watched.page
        await page.goto("/#/acts")
        await page.click("[data-test=appeal]")
        await page.fill("textarea[name=note]", "It was downhill.")
        await page.click("[data-test=send-appeal]")
        await page.wait_for_selector("[data-test=state] >> text=Waiting")
        assert "It was downhill." in await page.inner_text("main")

        await page.goto("/#/acts")
        await page.click(
            "a.row[href*='/appeals/any/']"
        )  # what waits says so itself, and leads here
        await page.wait_for_selector("[data-test=state] >> text=Waiting")
        await page.goto("/#/acts")
        await page.click("[data-test=appeal]")
        await page.fill("textarea[name=note]", "Again.")
        await page.click("[data-test=send-appeal]")
        await page.wait_for_selector("form [role=alert]")
        await see(page, "appeal_refused_en")
        await page.goto("/#/appeals")
        await until(page, APPEALS, 1)  # who has only appealed finds it at once
    assert await town.count("appeal") == 1
