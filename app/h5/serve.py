"""Serves the built client at `/`: from memory, packed once, and under a strict policy."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from app.database import ReadTx

DIST = Path(__file__).parent / "dist"
STAMP = "built.json"
"""What `make h5` knows about a build; it is not served."""

_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_PACKED = {".js", ".css", ".html", ".svg", ".webmanifest"}
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Served:
    """One file of the client.

    Attributes:
        body: its bytes.
        packed: the same with gzip; empty where that gains nothing.
        headers: what every answer with it says.
        etag: names this content.

    """

    body: bytes
    packed: bytes
    headers: Mapping[str, str]
    etag: str


class ClientSettings(BaseModel):
    """What the page has to know before anybody is signed in.

    Attributes:
        development: whether it offers what only a developer needs.
        zone: where the programme's days begin and end.

    """

    development: bool
    zone: str


def files(folder: Path = DIST) -> dict[str, Served]:
    """Every built file by the path under which it is asked for."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != STAMP:
            name = path.relative_to(folder).as_posix()
            found["/" if name == "index.html" else f"/{name}"] = _served(path, name)
    return found


def _served(path: Path, name: str) -> Served:
    body = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    text = path.suffix in _PACKED
    headers = _ALWAYS | {
        "Content-Type": f"{kind}; charset=utf-8" if text else kind,
        "Cache-Control": _FOR_EVER if name.startswith("assets/") else _ASK_AGAIN,
        "Vary": "Accept-Encoding",
    }
    if name == "index.html":
        headers |= _PAGE
    return Served(
        body,
        gzip.compress(body, mtime=0) if text else b"",
        headers,
        f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"',
    )


def install(app: FastAPI, *, development: bool) -> None:
    """Put the client's files on the application; `/v1` and all other pages are left alone.

    Args:
        app: the whole service.
        development: whether the page offers what only a developer needs.

    """

    @app.get("/client.json", include_in_schema=False)
    async def tell_client(request: Request, tx: ReadTx) -> Response:
        """What the page has to know before anybody is signed in."""
        versions = await request.app.state.catalogue.versions(tx)
        settings = ClientSettings(development=development, zone=str(versions.zone))
        return Response(
            settings.model_dump_json(),
            headers=_ALWAYS | {"Cache-Control": _ASK_AGAIN},
            media_type="application/json",
        )

    for path, served in files().items():
        _put(app, path, served)


def _put(app: FastAPI, path: str, served: Served) -> None:
    @app.get(path, include_in_schema=False)
    async def show_file(request: Request) -> Response:
        """One file of the client."""
        headers = {**served.headers, "ETag": served.etag}
        if request.headers.get("if-none-match") == served.etag:
            return Response(status_code=304, headers=headers)
        if served.packed and "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(served.packed, headers=headers)
        return Response(served.body, headers=headers)
