"""A request as bytes, given to the service without a socket: what a program that lies can send.

A client library corrects what it is told to send; here nothing is corrected, and an exception that
leaves the service is seen.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

PEER = ("203.0.113.7", 40_000)


@dataclass(frozen=True)
class Answer:
    """What came back, and the bug that was behind it, if there was one."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    bug: BaseException | None = field(default=None, compare=False)

    def header(self, name: str) -> str:
        """A header, or nothing."""
        wanted = name.lower().encode()
        return next((v.decode("latin-1") for k, v in self.headers if k.lower() == wanted), "")


async def send(
    app: FastAPI,
    method: str,
    target: str | bytes,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    peer: tuple[str, int] = PEER,
    hangs_up: bool = False,
) -> Answer:
    """One request; ``hangs_up`` ends a stream after the caller has sent everything."""
    raw = target if isinstance(target, bytes) else target.encode("utf-8", "replace")
    path, _, query = raw.partition(b"?")
    sent = [(k.lower().encode(), v.encode("utf-8", "replace")) for k, v in (headers or {}).items()]
    if body and not any(name == b"content-length" for name, _ in sent):
        sent.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"test"), *sent],
        "client": peer,
        "server": ("test", 80),
    }
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]
    if hangs_up:
        waiting.append({"type": "http.disconnect"})
    status, answered, parts, bug = 0, [], [], None

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else await asyncio.Future()

    async def take(message: dict[str, Any]) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status, answered = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    try:
        async with asyncio.timeout(30):
            await app(scope, receive, take)
    except Exception as error:  # noqa: BLE001 -- a server would log it; here it is the finding
        bug = error
    return Answer(status, answered, b"".join(parts), bug)
