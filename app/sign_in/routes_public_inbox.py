"""The development inbox: the codes that `ConsoleSms` kept. In production there is no such page."""

from html import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from app.sign_in.desk import Desk
from app.sign_in.sms import ConsoleSms

router = APIRouter(prefix="/dev", include_in_schema=False)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@router.get("/inbox")
async def show_inbox(request: Request) -> Response:
    """The last fifty codes, newest first; it reloads itself."""
    desk: Desk = request.app.state.desk
    production = request.app.state.settings.environment == "production"
    if production or not isinstance(desk.sms, ConsoleSms):
        raise HTTPException(404)
    rows = "".join(
        f'<tr><td>{each.at:%H:%M:%S}</td><td class="phone">{escape(each.phone)}</td>'
        f'<td class="code">{escape(each.code)}</td></tr>'
        for each in desk.sms.inbox
    )
    return HTMLResponse(_PAGE.format(rows=rows or _EMPTY), headers=_HEADERS)


_EMPTY = '<tr><td colspan="3">还没有验证码 · No code yet</td></tr>'
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3">
<title>开发收件箱 · Development inbox</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem;
        padding: 0 1rem; color-scheme: light dark; }}
td, th {{ padding: .4rem .8rem .4rem 0; text-align: left; }}
.code {{ font: 700 1.3rem ui-monospace, monospace; letter-spacing: .1em; }}
</style></head><body>
<h1>开发收件箱 · Development inbox</h1>
<p>仅限开发环境;验证码五分钟内有效。For development only; a code is good for five minutes.</p>
<table><thead><tr><th>时间 · UTC</th><th>号码 · Number</th><th>验证码 · Code</th></tr></thead>
<tbody>{rows}</tbody></table></body></html>
"""
