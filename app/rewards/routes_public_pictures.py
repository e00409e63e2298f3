"""Pictures, as anybody sees them: each has one address for ever, named by its content."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from app.database import ReadTx
from app.pages import knows
from app.problems import document
from app.rewards import pictures
from app.rewards.offers_errors import PictureNotFound

router = APIRouter(prefix="/pictures", tags=["rewards"])

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {"image/png": {}, "image/jpeg": {}, "image/webp": {}},
    },
    304: {"description": "Unchanged since the ETag you sent; it never changes."},
}
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
Digest = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of its bytes, hex.",
        examples=["2c26b46b68ffc68f" * 4],
    ),
]


@router.get("/{digest}", response_class=Response, responses=document(PictureNotFound) | _ANSWERS)
async def get_picture(request: Request, digest: Digest, tx: ReadTx) -> Response:
    """A picture of an offer; keep it as long as you like.

    Source: RFC 8246 (immutable), RFC 9110, section 13.1.2.
    """
    etag = f'"{digest}"'
    found = await pictures.serve(tx, digest=bytes.fromhex(digest), is_known=knows(request, etag))
    headers = _HEADERS | {"ETag": etag}
    if found.content is None:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.media_type, headers=headers)
