"""Expected refusals, told to the caller as RFC 9457 problem details.

A room raises a `DomainError`; this file turns it into ``application/problem+json``. Anything
else that is raised is a bug: it becomes a bare 500 and pages somebody.

Source: RFC 9457, sections 3.1 (members) and 3.2 (extension members).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import psycopg
import psycopg_pool
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope

from app.problem_texts import DETAIL_ZH, FIELD_ZH, GENERAL

log = structlog.get_logger()

PROBLEM_BASE = "https://docs.puhui.example/problems/"
MEDIA_TYPE = "application/problem+json"
_BOUND = re.compile(r"\{(\w+)\}")
"""Where a Chinese sentence has room for a bound."""
_NO_TEXT = (psycopg.errors.UntranslatableCharacter, psycopg.errors.CharacterNotInRepertoire)


class DomainError(Exception):
    """An answer of "no" that the caller can understand and act on.

    Subclass it in the room's ``errors.py``; the docstring of the subclass is what the public
    list of problems shows.

    Args:
        detail: one sentence in English: what is wrong, and what would mend it.
        detail_zh: the same in Chinese.
        facts: numbers and names for programs; they stand beside the standard members.

    """

    status: ClassVar[int] = 409
    title: ClassVar[str]
    title_zh: ClassVar[str]

    def __init__(self, detail: str, detail_zh: str, **facts: str | int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.detail_zh = detail_zh
        self.facts = facts

    @classmethod
    def code(cls) -> str:
        """``InsufficientPoints`` -> ``insufficient-points``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    def body(self, *, request_id: str, english: bool) -> dict[str, Any]:
        """The members of the problem object; facts may not shadow the standard ones."""
        return self.facts | problem(
            self.code(),
            self.status,
            title=self.title if english else self.title_zh,
            detail=self.detail if english else self.detail_zh,
            request_id=request_id,
        )


class TryAgain(DomainError):
    """PostgreSQL cannot answer at this moment; nothing was half-done, the same call may follow."""

    status = 503
    title = "The service is briefly unavailable"
    title_zh = "服务暂时不可用"


def problem(code: str, status: int, *, title: str, detail: str, request_id: str) -> dict[str, Any]:
    """The standard members of one problem object."""
    return {
        "type": PROBLEM_BASE + code,
        "code": code,
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }


def wants_english(accept_language: str) -> bool:
    """Whether a reader prefers English to Chinese; Chinese is the default.

    Source: RFC 9110, section 12.5.4; an unreadable weight counts as the highest.
    """
    best = {"en": 0, "zh": 0}
    for part in accept_language.lower().split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = 1_000
        if (found := re.fullmatch(r"\s*q=([01](?:\.\d{1,3})?)\s*", parameters)) is not None:
            whole, _, rest = found[1].partition(".")
            weight = int(whole) * 1_000 + int(rest.ljust(3, "0") or 0)
        language = tag.split("-")[0]
        if language in best:
            best[language] = max(best[language], weight)
    return best["en"] > best["zh"]


def in_english(request: Request) -> bool:
    """`wants_english` of a request."""
    return wants_english(request.headers.get("accept-language", ""))


def document(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI ``responses=`` for the refusals an endpoint can give."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        known = by_status.setdefault(
            error.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}},
        )
        known["description"] = f"{known['description']} {error.code()}".strip()
    return by_status


def answer(
    request: Request, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem object as a response; the status is its own member."""
    return JSONResponse(
        dict(body),
        int(body["status"]),
        media_type=MEDIA_TYPE,
        headers={"Content-Language": "en" if in_english(request) else "zh-CN", **(headers or {})},
    )


async def _domain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    body = error.body(request_id=request.state.request_id, english=in_english(request))
    wait_s = str(error.facts.get("retry_after_s", 1))
    wait = {"Retry-After": wait_s} if error.status in {429, 503} else None
    return answer(request, body, headers=wait)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if _is_other_media_type(request, error):
        return general(request, "http-415")
    fields = _fields(error.errors(), english=in_english(request))
    return general(request, "invalid-request", errors=fields)


def _is_other_media_type(request: Request, error: RequestValidationError) -> bool:
    """Whether the body could not be read because it does not say that it is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    unread = any(each["loc"] == ("body",) and each["type"] != "missing" for each in error.errors())
    return unread and not (kind == "application/json" or kind.endswith("+json"))


def _fields(errors: Sequence[Any], *, english: bool) -> list[dict[str, str]]:
    """Which field, and what to mend; never the value that was sent (it may be personal)."""
    found = [
        {
            "field": ".".join(str(part)[:100] for part in each["loc"]),
            "code": str(each["type"]),
            "problem": str(each["msg"]) if english else _in_chinese(each),
        }
        for each in errors[:50]
    ]
    # A body that two dependencies read is told once.
    return [each for place, each in enumerate(found) if each not in found[:place]]


def _in_chinese(error: Any) -> str:
    """The sentence for a kind of mistake, with the bounds that the English one tells."""
    said = FIELD_ZH.get(error["type"], str(error["msg"]))
    facts = {name: str(each).replace(" or ", " 或 ") for name, each in error.get("ctx", {}).items()}
    return _BOUND.sub(lambda name: facts.get(name[1], ""), said)


def general(
    request: Request,
    code: str,
    *,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **facts: object,
) -> JSONResponse:
    """One of the `GENERAL` refusals, in the reader's language."""
    status, title, title_zh, mend = GENERAL[code]
    english = in_english(request)
    body = problem(
        code,
        status,
        title=title if english else title_zh,
        detail=(detail or mend) if english else DETAIL_ZH.get(code, title_zh),
        request_id=getattr(request.state, "request_id", "unknown"),
    )
    return answer(request, facts | body, headers=headers)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = f"http-{error.status_code}"
    if code in GENERAL:
        return general(request, code, headers=error.headers)
    body = problem(
        code,
        error.status_code,
        title="Refused" if in_english(request) else "请求被拒绝",
        detail=str(error.detail),
        request_id=request.state.request_id,
    )
    return answer(request, body, headers=error.headers)


async def _database(request: Request, error: Exception) -> JSONResponse:
    """PostgreSQL is away, full or too busy: nothing was half-done, the call may be repeated."""
    log.error("database_unavailable", kind=type(error).__name__)
    return await _domain(
        request,
        TryAgain(
            "The database cannot answer now; nothing was changed. Send the same request again.",
            "数据库暂时无法应答,未做任何更改,请稍后重试同一请求。",
        ),
    )


async def _unstorable(request: Request, error: Exception) -> JSONResponse:
    """A text with NUL in it, refused by the driver or, inside jsonb, by PostgreSQL."""
    assert isinstance(error, psycopg.DataError)
    if isinstance(error, _NO_TEXT) or (error.sqlstate is None and "NUL" in str(error)):
        return general(request, "invalid-request")
    return await _bug(request, error)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("unhandled_error", kind=type(error).__name__, exc_info=error)
    return general(request, "internal-error")


def too_large(scope: Scope) -> JSONResponse:
    """The answer to a body that is larger than the route allows."""
    return general(Request(scope), "http-413")


def install(app: FastAPI) -> None:
    """Teach the application to answer with problem details."""
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(psycopg.OperationalError, _database)
    app.add_exception_handler(psycopg_pool.PoolTimeout, _database)
    app.add_exception_handler(psycopg.DataError, _unstorable)
    app.add_exception_handler(Exception, _bug)
