"""Structured logs, and the request id every line and every answer carries.

An event name never varies; ids and numbers go beside it. Never in a log: tokens, coupon
codes, card numbers, names, telephone numbers.
"""

import json
import logging
import sys
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ids import new_id

_ENCODER = json.JSONEncoder(ensure_ascii=False, default=repr)
"""Made once: `json.dumps` would make one for each line."""


def configure(*, level: int = logging.INFO) -> None:
    """One JSON object a line, on standard error, from our code and from libraries."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(_written),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")


def _written(line: dict[str, Any], **_: Any) -> str:
    return _ENCODER.encode(line)


class RequestId:
    """Gives each request an id, once, for logs, answers and problem documents."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bind the id, and pass on; anything but HTTP is none of our business."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", request_id.encode()))
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
