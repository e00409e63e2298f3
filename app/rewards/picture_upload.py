"""How a picture comes in over HTTP: raw bytes, counted while they arrive; and what is answered."""

from typing import Any, Self

from fastapi import Request
from pydantic import BaseModel, Field

from app.rewards.picture_rules import BYTES_MAX
from app.rewards.pictures import Kept, too_large

_BINARY = {"schema": {"type": "string", "format": "binary", "maxLength": BYTES_MAX}}
RAW_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, at most 512 KiB; its kind is told by its bytes.",
        "content": {"image/png": _BINARY, "image/jpeg": _BINARY, "image/webp": _BINARY},
    }
}
"""For a route's ``openapi_extra``."""


class PictureKept(BaseModel):
    """A picture that can be named by offers."""

    path: str = Field(
        description="Where it is served; an offer's `picture`.",
        examples=[f"/v1/pictures/{'2c26b46b68ffc68f' * 4}"],
    )
    media_type: str = Field(description="What its bytes are.", examples=["image/webp"])
    width: int = Field(description="In pixels.", examples=[800])
    height: int = Field(description="In pixels.", examples=[600])
    size_bytes: int = Field(description="How many bytes it has.", examples=[48_213])

    @classmethod
    def of(cls, kept: Kept) -> Self:
        """The public face of a picture."""
        return cls(
            path=kept.path,
            media_type=kept.media_type,
            width=kept.width,
            height=kept.height,
            size_bytes=kept.size_bytes,
        )


async def received(request: Request) -> bytes:
    """The request's body; more than a picture may have is refused before it has arrived.

    Raises:
        PictureTooLarge: it is longer than 512 KiB.

    """
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > BYTES_MAX:
            raise too_large()
    return bytes(content)
