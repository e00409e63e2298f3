"""Pictures: what their bytes are, kept once under their digest, shown to everybody for ever."""

import asyncio
import base64
import hashlib
import zlib
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.people.seats import Role
from app.rewards import coupons, picture_rules, pictures
from app.rewards.offers_errors import PicturesSpent, PictureUnsound
from app.rewards.picture_rules import BYTES_MAX, Seen
from tests import make
from tests.make import NOON, merchant_headers, officer_headers


def chunk(kind, body=b""):
    """A chunk of a PNG."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def png(width=3, height=2, *, extra=b"", tail=b""):
    """A grey PNG; real enough for any reader."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress((b"\0" + b"\x80" * min(width, 9)) * min(height, 9))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size)
    return start + extra + chunk(b"IDAT", rows) + chunk(b"IEND") + tail


def jpeg(width=640, height=480, *, frame=0xC2, tail=b"\xff\xd9"):
    """The skeleton of a JPEG: application segment, tables, frame, scan."""
    app0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    tables = b"\xff\xc4\x00\x05\x00\x01\x02"
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    sof = b"\xff\xff" + bytes([frame]) + b"\x00\x0b\x08" + size + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + app0 + tables + sof + b"\xff\xda\x00\x08\x01\x01\x00\x00?\x00\x12" + tail


def riff(*chunks):
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(
        kind + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)
        for kind, data in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


LOSSY = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
LOSSLESS = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
ALPHA = base64.b64decode(
    "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQAA"
    "AP4AAA3AAP7mtQAAAA=="
)
ANIMATED = base64.b64decode(
    "UklGRlIAAABXRUJQVlA4WAoAAAASAAAAAAAAAAAAQU5JTQYAAAD/////AABBTk1GJgAAAAAAAAAAAAAAAAAAAGQAAABWUDhM"
    "DQAAAC8AAAAQBxAREYiI/gcA"
)
WIDE = riff((b"VP8L", b"\x2f" + ((800 - 1) | (600 - 1) << 14).to_bytes(4, "little") + b"\0"))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (png(), Seen("image/png", 3, 2)),
        (png(4096, 4096), Seen("image/png", 4096, 4096)),
        (jpeg(), Seen("image/jpeg", 640, 480)),
        (jpeg(frame=0xC0), Seen("image/jpeg", 640, 480)),
        (LOSSY, Seen("image/webp", 1, 1)),
        (LOSSLESS, Seen("image/webp", 1, 1)),
        (ALPHA, Seen("image/webp", 1, 1)),
        (WIDE, Seen("image/webp", 800, 600)),
    ],
)
def test_a_picture_is_what_its_bytes_say(content, seen):
    """Kind and size are read from PNG, JPEG and all three kinds of WebP."""
    assert picture_rules.seen(content) == seen


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SVG,
        b"\x89PNG\r\n\x1a\n" + SVG,
        b"GIF89a" + b"\0" * 40,
        png(0, 5),
        png(4097, 1),
        png(tail=b"<script>"),
        png(extra=chunk(b"acTL", b"\0" * 8)),
        png()[:-1],
        png().replace(b"IDAT", b"IDAX"),
        jpeg(height=0),
        jpeg(width=5_000),
        jpeg(tail=b"\xff\xd9<script>"),
        jpeg(frame=0xC8),
        jpeg()[:40],
        ANIMATED,
        LOSSY + b"\0",
        riff((b"VP8X", b"\0" * 4 + b"\x01\0\0\0\0\0"), (b"VP8L", LOSSLESS[20:33])),
        riff((b"VP8 ", b"\0" * 10)),
    ],
)
def test_what_is_no_whole_still_picture_is_refused(content):
    """SVG, GIF, animations, empty and huge sizes, and whatever stands behind the end."""
    with pytest.raises(PictureUnsound):
        picture_rules.seen(content)


@given(
    start=st.sampled_from([png(), jpeg(), LOSSY, ALPHA, WIDE]),
    at=st.integers(0, 60),
    noise=st.binary(max_size=6),
)
@settings(max_examples=60)
def test_broken_bytes_are_refused_and_break_nothing(start, at, noise):
    """However a file is cut and patched, the answer is a sound size or the refusal."""
    try:
        seen = picture_rules.seen(start[:at] + noise + start[at + len(noise) :])
    except PictureUnsound:
        return
    assert 1 <= seen.width <= 4096
    assert 1 <= seen.height <= 4096


async def send(client, headers, content, *, door="admin", kind="image/png"):
    """Upload a picture."""
    return await client.post(
        f"/v1/{door}/pictures", content=content, headers=headers | {"Content-Type": kind}
    )


async def test_a_picture_from_the_officer_to_everybody(client, keys):
    """Its address is its digest; it is sent once, with its own kind, and never asked for again."""
    content = coupons.qr_png("c1")
    desk = officer_headers(keys, make.new_id())
    kept = await send(client, desk, content, kind="text/html")
    assert kept.status_code == 201, kept.text
    path = f"/v1/pictures/{hashlib.sha256(content).hexdigest()}"
    assert (kept.json()["path"], kept.json()["media_type"]) == (path, "image/png")
    assert (await send(client, desk, content)).json() == kept.json()

    shown = await client.get(path)
    assert shown.content == content
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
    again = await client.get(path, headers={"If-None-Match": f'"x", {shown.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    missing = f"/v1/pictures/{'0' * 64}"
    for headers in ({}, {"If-None-Match": "*"}):
        answer = await client.get(missing, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "picture-not-found")
    assert (await client.get("/v1/pictures/..%2Fsecrets")).status_code in {404, 422}


async def test_a_picture_that_is_none_or_too_large_is_refused(client, keys):
    """An SVG under any name, and one byte more than 512 KiB; a whole one of 512 KiB is taken."""
    desk = officer_headers(keys, make.new_id())
    refused = await send(client, desk, SVG)
    assert (refused.status_code, refused.json()["code"]) == (422, "picture-unsound")
    spare = BYTES_MAX - len(png(extra=chunk(b"tEXt")))
    full = png(extra=chunk(b"tEXt", b"x" * spare))
    assert len(full) == BYTES_MAX
    assert (await send(client, desk, full)).status_code == 201
    large = await send(client, desk, png(extra=chunk(b"tEXt", b"x" * (spare + 1))))
    assert (large.status_code, large.json()["code"]) == (413, "picture-too-large")


async def test_a_manager_uploads_and_a_cashier_does_not(client, keys, database):
    """The merchant's own door is its managers'."""
    async with database.writing() as tx:
        seller = await make.merchant(tx)
    cashier = merchant_headers(keys, seller.id, role=Role.cashier)
    assert (await send(client, cashier, png(), door="merchant")).status_code == 403
    manager = merchant_headers(keys, seller.id)
    assert (await send(client, manager, png(9, 9), door="merchant")).status_code == 201


async def test_a_merchants_day_has_twenty_pictures_however_it_hurries(committing):
    """Of thirty uploads at once twenty are kept; known ones are free, and tomorrow is a new day."""
    async with committing.writing() as tx:
        seller = (await make.merchant(tx)).id

    async def upload(width, now=NOON):
        try:
            async with committing.writing() as tx:
                await pictures.keep(
                    tx, content=png(width), actor="staff:x", merchant_id=seller, now=now
                )
        except PicturesSpent:
            return None
        return width

    kept = await asyncio.gather(*(upload(width) for width in range(1, 31)))
    assert Counter(each is None for each in kept) == {False: 20, True: 10}
    known = next(each for each in kept if each is not None)
    assert await upload(known) == known
    assert await upload(99) is None
    assert await upload(99, NOON + timedelta(days=1)) == 99
