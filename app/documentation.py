"""What the service says about itself: ``/openapi.json``, ``/docs`` and ``/problems``.

The pages come from this process alone: no foreign script, style, font or image, so they work
in a closed network and tell nobody that they were read.
"""

import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from swagger_ui_bundle import swagger_ui_path

from app import idempotency, problems
from app.problem_texts import GENERAL
from app.problems import DomainError

router = APIRouter()


class ProblemType(BaseModel):
    """One kind of refusal."""

    code: str = Field(description="Stable; programs decide by it.", examples=["not-signed-in"])
    type: str = Field(examples=[f"{problems.PROBLEM_BASE}not-signed-in"])
    status: int = Field(description="The HTTP status it comes with.", examples=[401])
    title: str = Field(examples=["Sign in first"])
    title_zh: str = Field(examples=["请先登录"])
    description: str = Field(description="When it is given, and what mends it.")


class ProblemTypes(BaseModel):
    """Every kind of refusal this service knows."""

    problems: list[ProblemType] = Field(description="Sorted by code.")


@router.get("/problems", tags=["operations"])
async def list_problems() -> ProblemTypes:
    """Every problem code, with its titles and its meaning."""
    return ProblemTypes(problems=sorted(_problem_types(), key=lambda each: each.code))


def known_errors(of: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """The refusals of every imported room."""
    for error in of.__subclasses__():
        if error.__module__.startswith("app."):
            yield error
        yield from known_errors(error)


def _problem_types() -> Iterator[ProblemType]:
    for error in known_errors():
        meaning = " ".join((error.__doc__ or "").split())
        yield _problem_type(error.code(), error.status, error.title, error.title_zh, meaning)
    for code, (status, title, title_zh, description) in GENERAL.items():
        yield _problem_type(code, status, title, title_zh, description)


def _problem_type(
    code: str, status: int, title: str, title_zh: str, description: str
) -> ProblemType:
    return ProblemType(
        code=code,
        type=problems.PROBLEM_BASE + code,
        status=status,
        title=title,
        title_zh=title_zh,
        description=description,
    )


@router.get("/docs", include_in_schema=False)
async def show_docs() -> HTMLResponse:
    """The API, to read and to try."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _OWN_ORIGIN_ONLY})


@router.get("/docs/start.js", include_in_schema=False)
async def start_docs() -> Response:
    """What draws the page; a file of its own, because the page may run no inline script."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/openapi.json", include_in_schema=False)
async def show_openapi_for_docs(request: Request) -> dict[str, Any]:
    """The OpenAPI document, as far as the page's viewer understands it."""
    older: dict[str, Any] = _as_openapi_3_0(request.app.openapi())
    return older | {"openapi": "3.0.3"}


_OWN_ORIGIN_ONLY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_PAGE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Puhui 普惠 · API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="stylesheet" href="/docs/assets/index.css">
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript; the document itself: <a href="/openapi.json">openapi.json</a>.
本页面需要 JavaScript,接口文档见 <a href="/openapi.json">openapi.json</a>。</noscript>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/docs/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  persistAuthorization: true,
  validatorUrl: null,
});
"""


def _as_openapi_3_0(part: Any) -> Any:
    """The document in the words of OpenAPI 3.0: the bundled viewer refuses 3.1.

    Source: OpenAPI Specification 3.0.3, section 4.7.24 (``nullable``, ``example``, ``enum``).
    """
    if isinstance(part, list):
        return [_as_openapi_3_0(each) for each in part]
    if not isinstance(part, dict):
        return part
    older = {name: _as_openapi_3_0(value) for name, value in part.items()}
    for choice in ("anyOf", "oneOf"):
        if isinstance(older.get(choice), list) and {"type": "null"} in older[choice]:
            rest = [each for each in older.pop(choice) if each != {"type": "null"}]
            older |= {"nullable": True} | (rest[0] if len(rest) == 1 else {choice: rest})
    if isinstance(older.get("examples"), list):
        older["example"] = older.pop("examples")[0]
    if "const" in older and not isinstance(older["const"], dict):
        older["enum"] = [older.pop("const")]
    return older


_PROBLEM: dict[str, Any] = {
    "title": "Problem",
    "description": "A refusal (RFC 9457); some kinds have further members.",
    "type": "object",
    "required": ["type", "code", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": [f"{problems.PROBLEM_BASE}insufficient-points"]},
        "code": {"type": "string", "examples": ["insufficient-points"]},
        "title": {"type": "string", "examples": ["Not enough points"]},
        "status": {"type": "integer", "examples": [409]},
        "detail": {"type": "string", "examples": ["100 points are needed, 0 are available."]},
        "request_id": {"type": "string", "examples": ["01a1fb21-d6ed-72ed-b844-d61e6122980f"]},
    },
}
"""The problem object, for the OpenAPI document."""


def described(document: dict[str, Any]) -> dict[str, Any]:
    """Say in an OpenAPI document what `app.problems` really answers.

    The framework documents its own validation error, which this service never sends.

    Args:
        document: what the framework wrote; it is changed.

    """
    refused = {
        "description": "A refusal that `/problems` explains",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter.items() >= idempotency.PARAMETER.items():
                    parameter.update(idempotency.REQUIRED)
            answers = operation["responses"]
            for status, each in answers.items():
                if "HTTPValidationError" in json.dumps(each):
                    answers[status] = refused | {"description": "invalid-request"}
                elif problems.MEDIA_TYPE in each.get("content", {}):
                    each["content"] = refused["content"]
            if operation.get("security"):
                answers.setdefault("401", refused | {"description": "not-signed-in"})
                answers.setdefault("403", refused | {"description": "wrong-audience"})
            answers["default"] = refused
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    document["paths"] = _hoisted(document["paths"], schemas)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    return document


def _hoisted(part: Any, schemas: dict[str, Any]) -> Any:
    """A body's schema that a route wrote itself brings ``$defs`` along: they move to the rest."""
    if isinstance(part, list):
        return [_hoisted(each, schemas) for each in part]
    if isinstance(part, dict):
        for name, schema in part.get("$defs", {}).items():
            schemas[name] = _hoisted(schema, schemas)
        return {name: _hoisted(value, schemas) for name, value in part.items() if name != "$defs"}
    if isinstance(part, str):
        return part.replace("#/$defs/", "#/components/schemas/")
    return part


def openapi_text(app: FastAPI) -> str:
    """The OpenAPI document as the file ``app/openapi.json`` holds it: stable, one key a line."""
    return json.dumps(app.openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def install(app: FastAPI) -> None:
    """Give the application its documentation."""
    app.include_router(router)
    app.mount("/docs/assets", StaticFiles(directory=swagger_ui_path), name="docs-assets")
