"""How a page is looked at by a machine: width, names for everything that is pressed, contrast."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

PICTURES = os.environ.get("PUHUI_SCREENSHOTS")
"""A folder in which pictures of the pages are left for people to look at."""

LOOK = """
() => {
  const shown = (e) => { if (!e.checkVisibility()) return false; const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0; };
  const colour = (text) => {
    const c = document.createElement("canvas"); c.width = c.height = 1;
    const x = c.getContext("2d"); x.fillStyle = text; x.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = x.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {  // null: a picture or a gradient, which people judge
    for (let at = e; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none" || style.opacity !== "1") return null;
      const found = colour(style.backgroundColor);
      if (found[3] > 0.85) return found;
      if (found[3] > 0) return null;
    }
    return [255, 255, 255, 1];
  };
  const wrong = [];
  const width = document.scrollingElement.scrollWidth;
  if (width > innerWidth) wrong.push(`the page is ${width} wide`);
  for (const e of document.querySelectorAll("a, button, input, select, summary, textarea, img, meter, progress")) {
    if (!shown(e)) continue;
    const name = e.getAttribute("aria-label") || (e.getAttribute("alt") === "" ? "decoration" : e.getAttribute("alt")) || e.innerText
      || (e.labels && e.labels[0] && e.labels[0].innerText);
    if (!name || !name.trim()) wrong.push(`nameless: ${e.outerHTML.slice(0, 120)}`);
    if (/undefined|null|NaN|\\{\\w+\\}/.test(name || "")) wrong.push(`odd name: ${name}`);
    const pressed = e.matches("input") && e.labels && e.labels[0] ? e.labels[0] : e;
    const box = pressed.getBoundingClientRect();
    const inText = e.matches("a") && e.closest("p.note");  // a word of a sentence
    if (e.matches("a, button, input, select, summary, textarea") && !inText && Math.min(box.height, box.width) < 43.5)
      wrong.push(`small, ${Math.round(box.width)} by ${Math.round(box.height)}: ${name}`);
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || !shown(e) || e.closest("[disabled], .hidden, svg, noscript, script, style")) continue;
    if (/undefined|\\bnull\\b|NaN|\\{\\w+\\}/.test(text)) wrong.push(`odd text: ${text}`);
    const style = getComputedStyle(e), under = ground(e), over = colour(style.color);
    if (!under || over[3] < 1) continue;
    const [a, b] = [light(under), light(over)].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24
      || (parseFloat(style.fontSize) >= 18.5 && parseInt(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) wrong.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  const heads = [...document.querySelectorAll("h1")].filter(shown).length;
  if (heads !== 1) wrong.push(`${heads} main headings`);
  return wrong;
}
"""


async def see(page: Any, name: str = "") -> None:
    """Nothing is too wide, nameless, half-filled or too pale; a picture is left if asked for."""
    if name and PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"h5_{name}.png")
    wrong = await page.evaluate(LOOK)
    assert not wrong, "\n".join(wrong)


async def until(page: Any, expression: str, value: object) -> None:
    """Wait for something that only a script can see; the page's policy forbids waiting inside."""
    for _ in range(1_200):
        if await page.evaluate(expression) == value:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{expression} is not {value!r}")


async def waited(done: Callable[[], bool]) -> None:
    """Wait for something that the test itself has counted."""
    for _ in range(1_200):
        if done():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")
