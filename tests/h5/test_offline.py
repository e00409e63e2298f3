"""Without a network: what was known is shown, what was meant is kept, and it happens once."""

from tests.h5.eyes import until
from tests.make import NOON
from tests.rewards.counter import sound

KEPT = "JSON.parse(localStorage.getItem('puhui.outbox') || '[]').length"


async def redeem(page):
    """From the list of offers to the last press."""
    await page.goto("/#/offers")
    await page.click("[data-test=offer]")
    await page.click("footer button")
    await page.click("[data-test=confirm]")


async def test_a_wish_made_offline_is_carried_out_once(browser, town):
    """Redeem in the tunnel, close and open the page there, come back: exactly one redemption."""
    async with town.hand(browser) as watched:
        page = watched.page
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.goto("/#/offers")
        await page.click("[data-test=offer]")
        await page.wait_for_selector("footer button:enabled")
        await page.context.set_offline(True)
        await page.click("footer button")
        await page.wait_for_selector("text=当前没有网络")
        await page.click("[data-test=confirm]")
        await page.wait_for_selector("text=已记下")
        assert await page.evaluate(KEPT) == 1

        await page.reload()
        await page.wait_for_selector("text=等待联网提交")
        await page.goto("/#/wallet")
        await page.wait_for_selector("text=300")
        assert await town.count("redemption") == 0

        await page.context.set_offline(False)
        await until(page, KEPT, 0)
        await page.goto("/#/coupons")
        await page.wait_for_selector("text=待使用")
    assert await town.count("redemption") == 1
    async with town.site.database.snapshot() as tx:
        await sound(tx)


async def test_a_lost_answer_is_no_second_redemption(browser, town):
    """The request arrived, its answer did not: the same key asks again and gets the first one."""
    lost = []

    async def lose(route):
        if route.request.method != "POST" or lost:
            await route.continue_()
            return
        lost.append(await route.request.header_value("idempotency-key"))
        await route.fetch()
        await route.abort("connectionreset")

    async with town.hand(browser) as watched:
        page = watched.page
        await page.route("**/v1/me/redemptions", lose)
        async with page.expect_response(
            lambda answer: answer.request.method == "POST" and answer.status == 201
        ) as second:
            await redeem(page)
        asked = (await second.value).request
        assert await asked.header_value("idempotency-key") == lost[0]
        await until(page, KEPT, 0)
    assert await town.count("redemption") == 1


async def test_a_refusal_ends_a_waiting_wish(browser, town):
    """What the service refuses later is told and dropped, and never tried again."""
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/offers")
        await page.click("[data-test=offer]")
        await page.wait_for_selector("footer button:enabled")
        await page.context.set_offline(True)
        await page.click("footer button")
        await page.click("[data-test=confirm]")
        await page.wait_for_selector("text=已记下")
        async with town.site.database.writing() as tx:
            await tx.execute("UPDATE offer SET closes_at = opens_at + interval '1 hour'")
        await page.context.set_offline(False)
        await page.wait_for_selector(".toasts .bad")
        await until(page, KEPT, 0)
    assert await town.count("redemption") == 0


async def test_what_waits_without_a_body_is_in_nobodys_way(browser, town):
    """An unlinking that waits for a network leaves offers open, and is carried out afterwards."""
    await town.link()
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/offers")
        await page.click("[data-test=offer]")
        await page.wait_for_selector("footer button:enabled")
        await page.goto("/#/links")
        await page.wait_for_selector("text=解除")
        await page.context.set_offline(True)
        await page.click("button:has-text('解除')")
        await page.click("[data-test=unlink]")
        await page.wait_for_selector("text=已记下")
        assert await page.evaluate(KEPT) == 1
        await page.goto("/#/offers")
        await page.click("[data-test=offer]")
        await page.wait_for_selector("footer button:enabled")
        await page.context.set_offline(False)
        await until(page, KEPT, 0)
    ended = await town.one("SELECT valid_until IS NOT NULL FROM link")
    assert ended == (True,)


async def test_a_stale_token_is_renewed_once_for_all(browser, town):
    """Many requests find the token stale; one renewal serves them, as its token works once."""
    renewals = []

    async def renew(route):
        renewals.append(route.request.post_data_json)
        pair = {
            "access_token": town.token,
            "access_expires_in_s": 600,
            "refresh_token": "r1.second",
            "refresh_expires_in_s": 3600,
        }
        await route.fulfill(json=pair)

    async with town.hand(browser) as watched:
        page = watched.page
        await page.route("**/v1/auth/sessions/refresh", renew)
        ended = int(NOON.timestamp() * 1000) - 1
        stored = f"{{access: 'old', accessUntil: {ended}, refresh: 'r1.first'}}"
        await page.evaluate(f"localStorage.setItem('puhui.session', JSON.stringify({stored}))")
        await page.reload()
        await until(page, "document.querySelector('[data-test=points]')?.innerText", "300")
        stored = "JSON.parse(localStorage.getItem('puhui.session')).refresh"
        await until(page, stored, "r1.second")
        await page.wait_for_selector("text=还没有低碳足迹")  # the list has been asked for as well
    assert [each["refresh_token"] for each in renewals] == ["r1.first"]
