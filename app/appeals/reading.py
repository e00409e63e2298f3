"""Reads: appeals, by their owner and by the officers who answer them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.appeals.tables import Kind, State
from app.database import Tx
from app.ids import bucket_of


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal as it stands; the officer is known to officers alone."""

    id: UUID
    account_id: int
    kind: Kind
    state: State
    provider_id: int | None
    methodology: str | None
    happened_from: datetime | None
    happened_until: datetime | None
    link_id: UUID | None
    act_id: UUID | None
    note: str
    made_at: datetime
    due_on: date
    officer_id: UUID | None
    decided_at: datetime | None
    reason_zh: str | None
    reason_en: str | None
    credited_id: UUID | None
    grams: int
    points: int


def _appeal(row: tuple[object, ...]) -> Appeal:
    number, account_id, kind, state, *rest = row
    return Appeal(number, account_id, Kind(kind), State(state), *rest)  # type: ignore[arg-type]


async def one(tx: Tx, *, appeal_id: UUID, account_id: int | None = None) -> Appeal | None:
    """One appeal; of one citizen only, if named."""
    row = await (await tx.execute(_ONE, {"id": appeal_id, "account": account_id})).fetchone()
    return None if row is None else _appeal(row)


async def of_account(
    tx: Tx,
    *,
    account_id: int,
    kind: Kind | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
    undecided: bool = False,
) -> list[Appeal]:
    """At most ``limit`` of a citizen's appeals, the newest first.

    Args:
        tx: a reading connection.
        account_id: whose.
        kind: only these; None, all.
        before: moment and id of the last one seen.
        limit: how many at most.
        undecided: only those that wait for an answer.

    """
    rows = await tx.execute(
        _OF_ACCOUNT,
        {
            "bucket": bucket_of(account_id),
            "account": account_id,
            "kind": kind,
            "at": before[0] if before else None,
            "id": before[1] if before else None,
            "states": [each.value for each in State if each < State.accepted or not undecided],
            "limit": limit,
        },
    )
    return [_appeal(row) async for row in rows]


async def subjects(tx: Tx, *, account_id: int, limit: int) -> list[str]:
    """What audit records call the newest of a citizen's appeals."""
    facts = {"bucket": bucket_of(account_id), "account": account_id, "limit": limit}
    return [f"appeal:{number}" async for (number,) in await tx.execute(_SUBJECTS, facts)]


async def due(tx: Tx, *, after: tuple[date, UUID] | None, limit: int) -> list[Appeal]:
    """At most ``limit`` undecided appeals, the earliest deadline first."""
    key = after or (None, None)
    rows = await tx.execute(_DUE, {"day": key[0], "id": key[1], "limit": limit})
    return [_appeal(row) async for row in rows]


_COLUMNS = """
SELECT id, account_id, kind, state, provider_id, methodology, happened_from, happened_until,
       link_id, act_id, note, made_at, due_on, officer_id, decided_at, reason_zh, reason_en,
       credited_id, grams, points
  FROM appeal
"""
_ONE = f"""{_COLUMNS}
 WHERE id = %(id)s AND (%(account)s::bigint IS NULL
   OR (account_id = %(account)s::bigint AND bucket = (%(account)s::bigint %% 1024)::smallint))
"""
_OF_ACCOUNT = f"""{_COLUMNS}
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND state = ANY(%(states)s::smallint[])
   AND (%(kind)s::int IS NULL OR kind = %(kind)s::int)
   AND (%(at)s::timestamptz IS NULL OR (made_at, id) < (%(at)s::timestamptz, %(id)s::uuid))
 ORDER BY made_at DESC, id DESC LIMIT %(limit)s
"""
_SUBJECTS = """
SELECT id FROM appeal WHERE bucket = %(bucket)s AND account_id = %(account)s
 ORDER BY made_at DESC, id DESC LIMIT %(limit)s
"""
_DUE = f"""{_COLUMNS}
 WHERE state < 3
   AND (%(day)s::date IS NULL OR (due_on, id) > (%(day)s::date, %(id)s::uuid))
 ORDER BY due_on, id LIMIT %(limit)s
"""
