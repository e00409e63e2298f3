"""Use cases: keep a picture under the digest of its bytes, and find it again."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.rewards import picture_rules, scans
from app.rewards.offers_errors import PictureNotFound, PicturesSpent, PictureTooLarge
from app.rewards.picture_rules import BYTES_MAX, PREFIX

PER_MERCHANT_AND_DAY = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that can be named."""

    digest: bytes
    media_type: str
    width: int
    height: int
    size_bytes: int

    @property
    def path(self) -> str:
        """Where it is served, and how an offer names it."""
        return f"{PREFIX}{self.digest.hex()}"


@dataclass(frozen=True, slots=True)
class Served:
    """A picture's bytes; None where the reader has them already."""

    media_type: str
    content: bytes | None


async def keep(
    tx: Tx, *, content: bytes, actor: str, merchant_id: UUID | None, now: datetime
) -> Kept:
    """Keep a picture; the same bytes again are the same picture, whoever sends them.

    Args:
        tx: the caller's transaction.
        content: its bytes.
        actor: who sends it.
        merchant_id: whose day it counts in; None: an officer's.
        now: when (UTC).

    Raises:
        PictureTooLarge: it has more than 512 KiB.
        PictureUnsound: it is no picture that is taken here.
        PicturesSpent: the merchant has sent as many today as it may.

    """
    if len(content) > BYTES_MAX:
        raise too_large()
    seen = picture_rules.seen(content)
    digest = hashlib.sha256(content).digest()
    kept = Kept(digest, seen.media_type, seen.width, seen.height, len(content))
    facts = {
        "digest": digest,
        "media_type": seen.media_type,
        "width": seen.width,
        "height": seen.height,
        "content": content,
        "actor": actor,
        "merchant_id": merchant_id,
        "now": now,
    }
    if merchant_id is not None and not await exists(tx, digest=digest):
        await _ensure_within_day(tx, merchant_id, now)
    await tx.execute(_KEEP, facts)
    return kept


async def exists(tx: Tx, *, digest: bytes) -> bool:
    """Whether there is a picture with this digest."""
    return await (await tx.execute(_EXISTS, {"digest": digest})).fetchone() is not None


async def serve(tx: Tx, *, digest: bytes, is_known: bool) -> Served:
    """A picture, without its bytes for a reader who knows them.

    Raises:
        PictureNotFound: there is none.

    """
    row = await (await tx.execute(_SERVE, {"digest": digest, "known": is_known})).fetchone()
    if row is None:
        raise PictureNotFound("No picture has this name.", "图片不存在。")
    return Served(*row)


def too_large() -> PictureTooLarge:
    """The refusal of more bytes than are taken."""
    return PictureTooLarge(
        f"A picture has at most {BYTES_MAX} bytes.",
        f"图片不得超过 {BYTES_MAX // 1024} KiB。",
        bytes_max=BYTES_MAX,
    )


async def _ensure_within_day(tx: Tx, merchant_id: UUID, now: datetime) -> None:
    """One upload of a merchant at a time, so that the count cannot be passed by hurrying."""
    await tx.execute(_ONE_AT_A_TIME, {"merchant": str(merchant_id)})
    since = await scans.day_start(tx, now=now)
    row = await (await tx.execute(_TODAY, {"merchant_id": merchant_id, "since": since})).fetchone()
    assert row is not None, "an aggregate always answers"
    if row[0] >= PER_MERCHANT_AND_DAY:
        raise PicturesSpent(
            f"A merchant uploads at most {PER_MERCHANT_AND_DAY} pictures a day.",
            f"每个商户每天最多上传 {PER_MERCHANT_AND_DAY} 张图片。",
            per_day=PER_MERCHANT_AND_DAY,
        )


_EXISTS = "SELECT FROM picture WHERE digest = %(digest)s"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('picture'), hashtext(%(merchant)s))"
_TODAY = """
SELECT count(*) FROM picture WHERE merchant_id = %(merchant_id)s AND made_at >= %(since)s
"""
_KEEP = """
INSERT INTO picture (digest, media_type, width, height, content, made_by, merchant_id, made_at)
VALUES (%(digest)s, %(media_type)s, %(width)s, %(height)s, %(content)s, %(actor)s,
        %(merchant_id)s, %(now)s)
ON CONFLICT DO NOTHING
"""
_SERVE = """
SELECT media_type, CASE WHEN NOT %(known)s::boolean THEN content END
  FROM picture WHERE digest = %(digest)s
"""
