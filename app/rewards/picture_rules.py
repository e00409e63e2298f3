"""What a picture is, by its own bytes: PNG, JPEG or WebP, still, whole and of sound size. Pure.

Only headers and the skeleton are read: a file's kind is what its bytes say, whatever name or
`Content-Type` it came with, and nothing may stand behind its end.

Source: PNG (third edition), section 5; ITU-T T.81, annex B; RFC 9649, section 2.
"""

import zlib
from dataclasses import dataclass

from app.rewards.offers_errors import PictureUnsound

BYTES_MAX = 512 * 1024
SIDE_MAX = 4_096
PREFIX = "/v1/pictures/"
_PNG = b"\x89PNG\r\n\x1a\n"
_NO_FRAMES = frozenset({0xC4, 0xC8, 0xCC})


@dataclass(frozen=True, slots=True)
class Seen:
    """What the bytes are."""

    media_type: str
    width: int
    height: int


def digest_in(path: str) -> bytes | None:
    """The digest that a picture's path names; None when it is no such path."""
    name = path.removeprefix(PREFIX)
    if name == path or len(name) != 64 or not set(name) <= set("0123456789abcdef"):
        return None
    return bytes.fromhex(name)


def seen(content: bytes) -> Seen:
    """What a picture's bytes are.

    Raises:
        PictureUnsound: they are no whole, still picture of at most 4,096 by 4,096 pixels.

    """
    try:
        found = _seen(content)
    except (IndexError, ValueError):
        found = None
    if found is None:
        raise PictureUnsound(
            "Send one whole, still PNG, JPEG or WebP file.",
            "请上传完整的静态 PNG、JPEG 或 WebP 图片。",
        )
    if not (1 <= found.width <= SIDE_MAX and 1 <= found.height <= SIDE_MAX):
        raise PictureUnsound(
            f"It may be {SIDE_MAX} by {SIDE_MAX} pixels at most.",
            f"图片尺寸不得超过 {SIDE_MAX}×{SIDE_MAX} 像素。",
            width=found.width,
            height=found.height,
        )
    return found


def _seen(content: bytes) -> Seen | None:
    if content.startswith(_PNG):
        return _png(content)
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    return None


def _png(content: bytes) -> Seen | None:
    """Each chunk with its check sum, from IHDR to IEND, and then nothing."""
    at, kinds, size = len(_PNG), [], b""
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        end = at + 8 + length
        kind, body = content[at + 4 : at + 8], content[at + 8 : end]
        if int.from_bytes(content[end : end + 4], "big") != zlib.crc32(kind + body):
            return None
        size = size or body
        kinds.append(kind)
        at = end + 4
        if kind == b"IEND":
            break
    whole = kinds[:1] == [b"IHDR"] and kinds[-1] == b"IEND" and b"IDAT" in kinds
    if at != len(content) or not whole or b"acTL" in kinds or len(size) != 13:
        return None
    width, height = int.from_bytes(size[:4], "big"), int.from_bytes(size[4:8], "big")
    return Seen("image/png", width, height)


def _jpeg(content: bytes) -> Seen | None:
    """Segments up to the first scan; the frame's header tells the size."""
    at, found = 2, None
    if not content.endswith(b"\xff\xd9"):
        return None
    while content[at] == 0xFF:
        while content[at] == 0xFF:
            at += 1
        kind, length = content[at], int.from_bytes(content[at + 1 : at + 3], "big")
        if length < 2 or at + 1 + length > len(content):
            return None
        if 0xC0 <= kind <= 0xCF and kind not in _NO_FRAMES:
            height = int.from_bytes(content[at + 4 : at + 6], "big")
            width = int.from_bytes(content[at + 6 : at + 8], "big")
            found = Seen("image/jpeg", width, height)
        if kind == 0xDA:
            return found
        at += 1 + length
    return None


def _webp(content: bytes) -> Seen | None:
    """Chunks to the file's end; what the canvas says must be what the picture is."""
    if int.from_bytes(content[4:8], "little") + 8 != len(content):
        return None
    at, canvas, picture = 12, None, None
    while at < len(content):
        kind, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        body = content[at + 8 : at + 8 + length]
        if len(body) != length or kind in {b"ANIM", b"ANMF"}:
            return None
        if kind == b"VP8X":
            canvas = _seen_at(body[4:10], 24, 1)
        elif kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
            picture = _seen_at(body[6:10], 16, 0, bits=14)
        elif kind == b"VP8L" and body[:1] == b"\x2f":
            picture = _seen_at(body[1:5], 14, 1)
        at += 8 + length + length % 2
    if picture is None or (canvas is not None and canvas != picture) or at != len(content):
        return None
    return picture


def _seen_at(field: bytes, step: int, more: int, *, bits: int | None = None) -> Seen:
    """Two numbers of so many bits, the lowest first."""
    packed, mask = int.from_bytes(field, "little"), (1 << (bits or step)) - 1
    return Seen("image/webp", (packed & mask) + more, (packed >> step & mask) + more)
