"""How the till's pages are drawn: templates that escape, and headers that allow next to nothing."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.console.till_session import Session, speaks_english
from app.console.till_words import WORDS
from app.problems import DomainError

_HERE = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_KINDS = {
    "till.css": "text/css; charset=utf-8",
    "till.js": "text/javascript; charset=utf-8",
    "till.svg": "image/svg+xml",
}
ASSETS = {name: (kind, (_HERE / "assets" / name).read_bytes()) for name, kind in _KINDS.items()}
"""Served from memory: a name -> its kind and its bytes."""


def page(
    request: Request,
    template: str,
    *,
    session: Session | None,
    status: int = 200,
    **facts: Any,
) -> HTMLResponse:
    """One page in the reader's language; nobody on the way keeps it.

    Args:
        request: whose language and cookies count.
        template: the file's name without ``.html``.
        session: who is signed in, or nobody.
        status: of the answer.
        facts: what the template shows; the clock is that of the ``shop`` among them.

    """
    english = speaks_english(request)
    nonce = secrets.token_urlsafe(16)
    body = _TEMPLATES.get_template(f"{template}.html").render(
        words={name: pair[english] for name, pair in WORDS.items()},
        english=english,
        nonce=nonce,
        session=session,
        moment=clock_of(facts["shop"]["zone"] if "shop" in facts else UTC),
        yuan=yuan,
        **facts,
    )
    return HTMLResponse(body, status, headers=_headers(nonce, english=english))


def clock_of(zone: tzinfo) -> Callable[[datetime], str]:
    """What writes a moment as a clock there shows it."""
    return lambda at: at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def yuan(fen: int) -> str:
    """An amount of money as people write it."""
    return f"¥{fen // 100}.{fen % 100:02}"


def told(error: DomainError, *, english: bool) -> tuple[str, str]:
    """A refusal's title and sentence, without the marks that programmers read."""
    if english:
        return error.title, error.detail.replace("`", "")
    return error.title_zh, error.detail_zh.replace("`", "")


def _headers(nonce: str, *, english: bool) -> dict[str, str]:
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
            "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Content-Language": "en" if english else "zh-CN",
        "Cache-Control": "no-store",
        "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
