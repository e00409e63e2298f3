"""Who stands at the till's page: a cookie that no script reads and no other site sends.

The cookie holds a token like the API's, made for a shift; at every request the till's key is
looked at again, so a revoked till is out within two seconds. Forms carry a digest of the cookie,
which another site cannot know.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from fastapi import Request, Response

from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import Counter, Merchant
from app.people.seats import Seat
from app.people.tokens import Audience, Tokens
from app.problems import wants_english

COOKIE = "puhui_till"
LANGUAGE_COOKIE = "puhui_till_language"
PATH = "/till"
SHIFT = timedelta(hours=12)
FIELDS_MAX = 10

_PURPOSE = b"puhui till form 1"


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """The till that is signed in, and the word its forms carry. Never printed."""

    merchant: Merchant
    form_word: str


async def session_of(request: Request, *, now: datetime) -> Session | None:
    """The session of a request; None if nobody is signed in, or not any more."""
    cookie = request.cookies.get(COOKIE, "")
    tokens: Tokens = request.app.state.tokens
    counter: Counter = request.app.state.counter
    try:
        caller = tokens.read(cookie, Audience.merchant, now=now)
        if caller.seat is None or caller.seat.key_id is None:
            return None
        merchant = Merchant(UUID(caller.subject), caller.seat)
        await counter.ensure_live(merchant_id=merchant.id, seat=merchant.seat, now=now)
    except (NotSignedIn, WrongAudience):
        return None
    return Session(merchant, _word(request, cookie))


def begin(
    request: Request, response: Response, *, merchant_id: UUID, seat: Seat, now: datetime
) -> None:
    """Sign a till in for a shift."""
    tokens: Tokens = request.app.state.tokens
    token = tokens.sign(Audience.merchant, subject=str(merchant_id), seat=seat, now=now, life=SHIFT)
    _set(request, response, COOKIE, token, life=SHIFT)


def end(response: Response) -> None:
    """Sign the till out."""
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")


def speaks_english(request: Request) -> bool:
    """The language chosen on the page, else the browser's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in {"zh", "en"}:
        return chosen == "en"
    return wants_english(request.headers.get("accept-language", ""))


def choose_language(request: Request, response: Response, *, english: bool) -> None:
    """Remember the language on this machine."""
    chosen = "en" if english else "zh"
    _set(request, response, LANGUAGE_COOKIE, chosen, life=timedelta(days=365))


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form that was sent; nothing, if it is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    try:
        pairs = parse_qsl((await request.body()).decode(), max_num_fields=FIELDS_MAX)
    except ValueError:
        return {}
    return dict(pairs)


def is_ours(request: Request) -> bool:
    """Whether a form was sent from a page of this site, as far as the browser tells."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    return site in {"same-origin", "none"} and (origin is None or urlsplit(origin).netloc == host)


def is_genuine(request: Request, session: Session, form: dict[str, str]) -> bool:
    """Whether a form comes from a page that this session was shown."""
    return is_ours(request) and hmac.compare_digest(
        form.get("word", "").encode(), session.form_word.encode()
    )


def _word(request: Request, cookie: str) -> str:
    key: bytes = request.app.state.keys.subject
    return hmac.digest(key, _PURPOSE + hashlib.sha256(cookie.encode()).digest(), "sha256").hex()


def _set(request: Request, response: Response, name: str, value: str, *, life: timedelta) -> None:
    is_production = request.app.state.settings.environment == "production"
    response.set_cookie(
        name,
        value,
        max_age=int(life.total_seconds()),
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=is_production or request.url.scheme == "https",
    )
