"""Reads: held acts, as officers find them in line and as the citizen they concern sees them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.working_days import working_days_after

REVIEW_WORKING_DAYS = 5
"""By when an officer should have looked at a held act."""
RELEASED, REFUSED = 1, 2

Key = tuple[date, datetime, UUID]
"""A place in a citizen's history: day, moment, id."""


@dataclass(frozen=True, slots=True)
class Held:
    """An act that was held; ``decision`` is 0 while it waits, or what was decided last."""

    id: UUID
    account_id: int
    version_id: int
    reason_code: str
    held_at: datetime
    held_on: date
    block_no: int
    line: int
    decision: int
    nth: int
    reason_zh: str | None
    reason_en: str | None
    decided_at: datetime | None

    @property
    def waits(self) -> bool:
        """Whether nobody has looked at it yet."""
        return self.decision == 0

    @property
    def expected_on(self) -> date:
        """The day by which somebody should have."""
        return working_days_after(self.held_on, REVIEW_WORKING_DAYS)


async def one(tx: Tx, *, held_id: UUID, zone: str) -> Held | None:
    """A held act, whoever's it is; None if there is none, or it was released."""
    row = await (await tx.execute(_ONE, {"id": held_id, "zone": zone})).fetchone()
    return None if row is None else Held(*row)


async def last_decision(tx: Tx, *, held_id: UUID) -> int | None:
    """What was decided last of an act that was held; None if nothing was, or nobody knows it."""
    row = await (await tx.execute(_DECISION, (held_id,))).fetchone()
    return None if row is None else int(row[0])


async def waiting(
    tx: Tx, *, after: tuple[datetime, UUID] | None, limit: int, zone: str
) -> list[Held]:
    """At most ``limit`` acts that wait for an officer, the longest waiting first."""
    key = after or (None, None)
    rows = await tx.execute(_WAITING, {"at": key[0], "id": key[1], "limit": limit, "zone": zone})
    return [Held(*row) async for row in rows]


async def of_account(
    tx: Tx, *, account_id: int, before: Key | None, limit: int, zone: str
) -> list[Held]:
    """At most ``limit`` of a citizen's held acts before a place, the newest first."""
    key = before or (None, None, None)
    rows = await tx.execute(
        _OF_ACCOUNT,
        {
            "account": account_id,
            "bucket": bucket_of(account_id),
            "day": key[0],
            "at": key[1],
            "id": key[2],
            "limit": limit,
            "zone": zone,
        },
    )
    return [Held(*row) async for row in rows]


async def subjects(tx: Tx, *, account_id: int, limit: int) -> list[str]:
    """What audit records call a citizen's acts that officers decided of, and their corrections."""
    facts = {"bucket": bucket_of(account_id), "account": account_id, "limit": limit}
    return [f"{kind}:{number}" async for kind, number in await tx.execute(_SUBJECTS, facts)]


_COLUMNS = """
SELECT h.id, h.account_id, h.version_id, h.reason_code, h.held_at,
       (h.held_at AT TIME ZONE %(zone)s)::date AS held_on, h.block_no, h.line,
       coalesce(v.decision, 0)::int, coalesce(v.nth, 0)::int, v.reason_zh, v.reason_en, v.decided_at
  FROM held_activity h
  LEFT JOIN LATERAL (
         SELECT v.decision, v.nth, v.reason_zh, v.reason_en, v.decided_at FROM held_review v
          WHERE v.bucket = h.bucket AND v.id = h.id ORDER BY v.nth DESC LIMIT 1) AS v ON true
"""
_ONE = f"{_COLUMNS} WHERE h.id = %(id)s"
_DECISION = "SELECT decision FROM held_review WHERE id = %s ORDER BY nth DESC LIMIT 1"
_WAITING = f"""{_COLUMNS}
 WHERE v.decision IS NULL
   AND (%(at)s::timestamptz IS NULL OR (h.held_at, h.id) > (%(at)s::timestamptz, %(id)s::uuid))
 ORDER BY h.held_at, h.id LIMIT %(limit)s
"""
_OF_ACCOUNT = f"""{_COLUMNS}
 WHERE h.account_id = %(account)s AND h.bucket = %(bucket)s
   AND (%(day)s::date IS NULL OR ((h.held_at AT TIME ZONE %(zone)s)::date, h.held_at, h.id)
                                < (%(day)s::date, %(at)s::timestamptz, %(id)s::uuid))
 ORDER BY held_on DESC, h.held_at DESC, h.id DESC LIMIT %(limit)s
"""
_SUBJECTS = """
(SELECT DISTINCT 'act', id FROM held_review
  WHERE bucket = %(bucket)s AND account_id = %(account)s ORDER BY id DESC LIMIT %(limit)s)
UNION ALL
(SELECT DISTINCT 'correction', correction_id FROM reduction_correction
  WHERE bucket = %(bucket)s AND account_id = %(account)s
  ORDER BY correction_id DESC LIMIT %(limit)s)
"""
