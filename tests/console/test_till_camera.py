"""The till's camera: codes are read by the browser's own reader, or by ours."""

import pytest
import segno

from app.console.till_words import WORDS
from tests.browser import phone
from tests.console.test_till_browser import a_coupon, counter, says, sign_in

__all__ = ["counter"]

SEES_A_CODE = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(video) { return video.videoWidth ? [{ rawValue: "%s" }] : []; }
};
"""


SEES_A_PICTURE = """
%s
navigator.mediaDevices.getUserMedia = async () => {
  const rows = %s, dot = 8;
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 480;
  const pen = canvas.getContext("2d");
  setInterval(() => {
    pen.fillStyle = "#777";
    pen.fillRect(0, 0, 640, 480);
    pen.fillStyle = "#fff";
    pen.fillRect(60, 20, (rows.length + 8) * dot, (rows.length + 8) * dot);
    pen.fillStyle = "#000";
    rows.forEach((row, y) => row.forEach((dark, x) => {
      if (dark) pen.fillRect(60 + (x + 4) * dot, 20 + (y + 4) * dot, dot, dot);
    }));
  }, 50);
  return canvas.captureStream();
};
"""
"""A camera before which somebody holds a coupon."""
READERS = {
    "none": "delete window.BarcodeDetector;",
    "for other codes": """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["ean_13"]; }
  async detect() { throw new Error("not asked"); }
};
""",
}


async def test_the_camera_reads_the_code(browser, site, counter):
    """Where the browser can read QR codes, a picture of one is looked up by itself."""
    held = await a_coupon(site, counter)
    async with phone(browser, site.address) as watched:
        page = watched.page
        await page.add_init_script(SEES_A_CODE % held.code)
        await sign_in(page, counter)
        await page.click("#camera")
        await page.wait_for_selector("section.good")
        await says(page, "state_presented", english=False)


@pytest.mark.parametrize("own", ["none", "for other codes"])
async def test_a_browser_that_reads_no_codes_is_given_a_reader(browser, site, counter, own):
    """A picture of the coupon before the camera is read by our own script, from our own origin."""
    held = await a_coupon(site, counter)
    drawn = [list(row) for row in segno.make(held.code, error="m").matrix]
    async with phone(browser, site.address) as watched:
        page = watched.page
        await page.add_init_script(SEES_A_PICTURE % (READERS[own], drawn))
        await sign_in(page, counter)
        assert await page.inner_text("#hint") == WORDS["code_hint_camera"][0]
        await page.click("#camera")
        await page.wait_for_selector("section.good")
        await says(page, "state_presented", english=False)
        assert watched.foreign == watched.complaints == []


async def test_without_a_camera_there_is_no_button(browser, site, counter):
    """A phone without one is shown the field alone, and is not told to scan."""
    async with phone(browser, site.address) as watched:
        page = watched.page
        await page.add_init_script(
            "Object.defineProperty(navigator, 'mediaDevices', { value: undefined })"
        )
        await sign_in(page, counter)
        assert await page.is_hidden("#camera")
        assert await page.inner_text("#hint") == WORDS["code_hint"][0]
