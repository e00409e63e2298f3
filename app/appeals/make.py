"""Use cases: a citizen claims a trip that is missing, or appeals about an act."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from app.appeals import reading
from app.appeals.errors import AppealWaits, NothingToClaim, TooManyAppeals
from app.appeals.reading import Appeal
from app.appeals.tables import Kind, State
from app.catalogue.versions import Versions
from app.database import Tx, savepoint
from app.ids import bucket_of, new_id
from app.intake import providers
from app.ledger.locking import lock_accounts
from app.people import links
from app.reductions import listing, review_read
from app.working_days import working_days_after

ANSWER_WORKING_DAYS = 10
"""How long an officer may take."""
OPEN_MAX = 20
"""How many of one citizen's may wait at once."""
WINDOW_MAX = timedelta(days=1)
REACHES_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class MissingTrip:
    """What is missing: whose record, of what, on which link, when at the earliest and latest."""

    provider: str
    methodology: str
    link_id: UUID
    happened_from: datetime
    happened_until: datetime


async def claim(
    tx: Tx, *, account_id: int, trip: MissingTrip, note: str, versions: Versions, now: datetime
) -> Appeal:
    """Ask for a trip that did not arrive.

    Raises:
        ProviderNotFound: unknown, or suspended.
        NothingToClaim: the link, the scenario or the window cannot be.
        TooManyAppeals: too many wait already.

    """
    provider = await providers.by_code(tx, code=trip.provider)
    mine = await links.of_account(tx, account_id=account_id)
    if not any((each.id, each.provider_id) == (trip.link_id, provider.id) for each in mine):
        raise _nothing("link_id", "You have no open link with this id.", "您没有该绑定。")
    if trip.methodology not in versions.by_methodology:
        raise _nothing("scenario", "No scenario has this name.", "没有该低碳场景。")
    span = trip.happened_until - trip.happened_from
    if not timedelta(0) < span <= WINDOW_MAX or not (
        now - REACHES_BACK <= trip.happened_from and trip.happened_until <= now
    ):
        raise _nothing(
            "happened_until",
            f"The window is at most a day, within the last {REACHES_BACK.days} days.",
            f"时间范围不超过一天,且须在最近 {REACHES_BACK.days} 天内。",
        )
    about = {
        "kind": Kind.missing_trip.value,
        "provider": provider.id,
        "methodology": trip.methodology,
        "from": trip.happened_from,
        "until": trip.happened_until,
        "link": trip.link_id,
        "act": None,
    }
    return await _make(tx, account_id, about, note=note, versions=versions, now=now)


async def appeal(
    tx: Tx, *, account_id: int, act_id: UUID, note: str, versions: Versions, now: datetime
) -> Appeal:
    """Ask an officer to look again at an act that was credited, is held, or was refused.

    Raises:
        NothingToClaim: the citizen has no such act.
        AppealWaits: one about it waits already.
        TooManyAppeals: too many wait already.

    """
    zone = str(versions.zone)
    held = await review_read.one(tx, held_id=act_id, zone=zone)
    credited = await listing.some(tx, account_id=account_id, ids=[act_id])
    version_id = credited[0].version_id if credited else None
    if held is not None and held.account_id == account_id:
        version_id = held.version_id
    if version_id is None:
        raise _nothing("act_id", "You have no act with this id.", "您没有该减排记录。")
    about = {
        "kind": Kind.act.value,
        "provider": None,
        "methodology": versions.by_id[version_id].methodology.manifest.id,
        "from": None,
        "until": None,
        "link": None,
        "act": act_id,
    }
    return await _make(tx, account_id, about, note=note, versions=versions, now=now)


async def _make(
    tx: Tx,
    account_id: int,
    about: dict[str, Any],
    *,
    note: str,
    versions: Versions,
    now: datetime,
) -> Appeal:
    await lock_accounts(tx, account_ids=[account_id])  # so that the count below is true
    mine = {"bucket": bucket_of(account_id), "account": account_id}
    row = await (await tx.execute(_OPEN, mine)).fetchone()
    assert row is not None, "a count is always one row"
    if row[0] >= OPEN_MAX:
        raise TooManyAppeals(
            f"{OPEN_MAX} of your appeals wait already; more can be made when some are answered.",
            f"您已有 {OPEN_MAX} 个申请在处理中,请等待处理后再提交。",
            open=OPEN_MAX,
        )
    number = new_id()
    today = now.astimezone(versions.zone).date()
    given = {
        **mine,
        **about,
        "id": number,
        "state": State.open.value,
        "note": note,
        "now": now,
        "due": working_days_after(today, ANSWER_WORKING_DAYS),
    }
    try:
        async with savepoint(tx):
            await tx.execute(_MAKE, given)
    except UniqueViolation as error:
        raise AppealWaits(
            "An appeal about this act waits for its answer.", "该记录已有处理中的申诉。"
        ) from error
    made = await reading.one(tx, appeal_id=number, account_id=account_id)
    assert made is not None, "it has just been made"
    return made


def _nothing(field: str, detail: str, detail_zh: str) -> NothingToClaim:
    return NothingToClaim(detail, detail_zh, field=field)


_OPEN = """
SELECT count(*) FROM appeal
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND state < 3
"""
_MAKE = """
INSERT INTO appeal (bucket, account_id, id, kind, state, provider_id, methodology, happened_from,
                    happened_until, link_id, act_id, note, made_at, due_on, grams, points)
VALUES (%(bucket)s, %(account)s, %(id)s, %(kind)s, %(state)s, %(provider)s, %(methodology)s,
        %(from)s, %(until)s, %(link)s, %(act)s, %(note)s, %(now)s, %(due)s, 0, 0)
"""
