"""When the service is away or refuses, the page says so beside what it still shows."""

from tests.h5.eyes import see


async def test_what_is_old_is_said_to_be_old(browser, town):
    """Unreachable, failing and too-old are each told over kept figures, and told no more afterwards."""
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/wallet")
        await page.wait_for_selector("text=300")

        await page.route("**/v1/**", lambda route: route.abort("connectionrefused"))
        await page.reload()
        await page.wait_for_selector("text=300")
        await page.wait_for_selector("text=无法连接")
        await see(page, "unreachable_zh")
        await page.unroute("**/v1/**")
        await page.wait_for_selector("text=无法连接", state="detached")

        await page.route(
            "**/v1/me/wallet", lambda route: route.fulfill(status=503, body="<h1>no</h1>")
        )
        await page.reload()
        await page.wait_for_selector("text=暂时无法更新")
        await page.wait_for_selector("text=300")
        await see(page, "stale_zh")
        await page.unroute("**/v1/me/wallet")
        await page.click("[data-test=refresh]")
        await page.wait_for_selector("text=暂时无法更新", state="detached")

        await page.route("**/v1/me/**", lambda route: route.fulfill(status=426, json={}))
        await page.reload()
        await page.wait_for_selector("[data-test=update]")
        await see(page, "too_old_zh")


async def test_a_refusal_names_the_field_in_the_readers_language(browser, town):
    """A wrong year is told by its label, and an answer that is no JSON with a sentence of the page's."""
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/profile")
        await page.fill("input[name=birth_year]", "1800")
        await page.click("[data-test=save]")
        await page.wait_for_selector(".toasts .bad:has-text('出生年份：')")
        assert "errors" not in await page.inner_text(".toasts")
        await page.route(
            "**/v1/me/profile", lambda route: route.fulfill(status=500, body="Internal")
        )
        await page.click("[data-test=save]")
        await page.wait_for_selector(".toasts .bad:has-text('服务暂时出现问题')")


async def test_a_wish_whose_session_has_ended_is_told_to_be_lost(browser, town):
    """What was kept for later and cannot be sent any more is named, and never sent by anybody else."""
    async with town.hand(browser) as watched:
        page = watched.page
        await page.goto("/#/offers")
        await page.click("[data-test=offer]")
        await page.wait_for_selector("footer button:enabled")
        await page.context.set_offline(True)
        await page.click("footer button")
        await page.click("[data-test=confirm]")
        await page.wait_for_selector("text=已记下")
        await page.route(
            "**/v1/**", lambda route: route.fulfill(status=401, json={"code": "not-signed-in"})
        )
        await page.context.set_offline(False)
        await page.wait_for_selector(".toasts .bad:has-text('登录已失效，未能完成')")
        await page.wait_for_selector("text=登录已失效，请重新登录")
        assert await page.evaluate("localStorage.getItem('puhui.outbox')") in {None, "[]"}
    assert await town.count("redemption") == 0
