"""A real browser and a real server on loopback, for tests of pages.

Chromium is the system's; nothing is downloaded. Without one these tests are reported as not run,
each by name, and `.ci/browser` says so before the suite begins; with ``PUHUI_NEEDS_BROWSER`` set
they fail instead.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, Page, async_playwright

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]
PHONE = {"width": 390, "height": 844}
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def chromium() -> str | None:
    """Where the system's Chromium is; ``PUHUI_CHROMIUM`` names another."""
    named = os.environ.get("PUHUI_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, started once with a profile of its own."""
    path = chromium()
    if path is None:
        message = "NOT RUN: no Chromium on this machine (see .ci/browser)"
        (pytest.fail if os.environ.get("PUHUI_NEEDS_BROWSER") else pytest.skip)(message)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


class Watched:
    """A phone's page, and everything on it that should not have happened."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda each: self._asked(each.url, address))
        page.on("console", lambda each: self._said(each.type, each.text))
        page.on("pageerror", lambda each: self.complaints.append(str(each)))

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith(address):
            self.foreign.append(url)

    def _said(self, kind: str, text: str) -> None:
        # A page that answers 403 or 409 is logged by the browser as a failed load.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.complaints.append(text)


@asynccontextmanager
async def phone(
    browser: Browser, address: str, *, language: str = "zh-CN"
) -> AsyncIterator[Watched]:
    """A phone of 390 by 844 that has never been here; it must stay on this site, silently."""
    context = await browser.new_context(
        base_url=address, viewport=PHONE, locale=language, device_scale_factor=2
    )
    await context.grant_permissions(["camera"])
    context.set_default_timeout(15_000)
    watched = Watched(await context.new_page(), address)
    try:
        yield watched
    finally:
        await context.close()
    assert watched.foreign == []
    assert watched.complaints == []


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The application on a port of its own; its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, lifespan="off", log_config=None, ws="none"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the server did not start"
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running
