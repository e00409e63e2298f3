"""Read: everything that happened to a citizen, one list, newest first.

Each source is asked for as many as the page holds, in the same order; what moved the points
besides is looked for in the time that the page then spans, for it lies among all entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.appeals import reading
from app.appeals.reading import Appeal
from app.catalogue.versions import Versions
from app.database import Tx
from app.ledger import moved
from app.ledger.moved import Moved
from app.phone import words
from app.phone.schemas import FeedItem
from app.reductions import listing, review_read
from app.reductions.listing import ReductionView
from app.reductions.review_read import Held
from app.rewards import claims
from app.rewards.claims import Claim

Key = tuple[date, datetime, UUID]
"""A place in the feed: day, moment, id."""
_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """An item, and its place."""

    key: Key
    item: FeedItem


async def page(
    tx: Tx,
    *,
    account_id: int,
    before: Key | None,
    limit: int,
    versions: Versions,
    english: bool,
    now: datetime,
) -> list[Placed]:
    """At most ``limit`` items before a place, the newest first."""
    writer = Writer(versions, english=english)
    mine = {"account_id": account_id, "limit": limit}
    found = [writer.act(each) for each in await listing.page(tx, before=before, **mine)]
    zone = versions.zone
    held = await review_read.of_account(tx, before=before, zone=str(zone), **mine)
    found += [writer.held(each) for each in held]
    later = _moment(before, zone) if before else None
    redeemed = await claims.page_of_time(tx, before=later, now=now, **mine)
    found += [writer.redemption(each) for each in redeemed]
    waiting = await reading.of_account(tx, kind=None, before=later, undecided=True, **mine)
    found += [writer.pending(each) for each in waiting]
    found = _cut(found, before, limit)
    since = _midnight(found[-1].key[0], zone) if len(found) == limit else None
    entries = await moved.between(
        tx, from_at=since, until_at=later[0] + _INSTANT if later else None, **mine
    )
    return _cut([*found, *map(writer.adjustment, entries)], before, limit)


def _moment(before: Key, zone: ZoneInfo) -> tuple[datetime, UUID]:
    """The same place among things whose day is that of their moment; an act's need not be."""
    day, at, number = before
    civil = at.astimezone(zone).date()
    if civil == day:
        return at, number
    return _midnight(day + _DAY if civil > day else day, zone), UUID(int=0)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _cut(found: list[Placed], before: Key | None, limit: int) -> list[Placed]:
    there = [each for each in found if before is None or each.key < before]
    return sorted(there, key=lambda each: each.key, reverse=True)[:limit]


class Writer:
    """Makes items of what the rooms say, in one language."""

    def __init__(self, versions: Versions, *, english: bool) -> None:
        self._versions = versions
        self._english = english

    def act(self, act: ReductionView) -> Placed:
        """An act that counts."""
        manifest = self._versions.by_id[act.version_id].methodology.manifest
        number = act.grams if manifest.engagement is None else None
        return Placed(
            (act.occurred_on, act.occurred_at, act.id),
            FeedItem(
                id=str(act.id),
                kind="act",
                at=act.occurred_at,
                title=self._title(manifest.title),
                subtitle=words.act(act.grams, corrected=act.corrected, english=self._english),
                scenario=manifest.id,
                grams_g=number,
                points=act.points,
                state="corrected" if act.corrected else "credited",
                expected_on=None,
                explanation_url=f"/v1/me/reductions/{act.id}/explanation",
            ),
        )

    def held(self, held: Held) -> Placed:
        """An act that waits for a person, or was refused by one."""
        manifest = self._versions.by_id[held.version_id].methodology.manifest
        reason = held.reason_en if self._english else held.reason_zh
        return Placed(
            (held.held_on, held.held_at, held.id),
            FeedItem(
                id=str(held.id),
                kind="held",
                at=held.held_at,
                title=self._title(manifest.title),
                subtitle=words.waits(held.expected_on, english=self._english)
                if held.waits
                else reason or "",
                scenario=manifest.id,
                grams_g=None,
                points=None,
                state="under_review" if held.waits else "refused",
                expected_on=held.expected_on if held.waits else None,
                explanation_url=None,
            ),
        )

    def redemption(self, claim: Claim) -> Placed:
        """Points that became a coupon."""
        return Placed(
            self._key(claim.created_at, claim.id),
            FeedItem(
                id=str(claim.id),
                kind="redemption",
                at=claim.created_at,
                title=claim.title_en if self._english else claim.title_zh,
                subtitle=words.redemption(claim.state.name, english=self._english),
                scenario=None,
                grams_g=None,
                points=-claim.points,
                state=claim.state.name,
                expected_on=None,
                explanation_url=None,
            ),
        )

    def pending(self, appeal: Appeal) -> Placed:
        """An appeal that waits for an answer."""
        return Placed(
            self._key(appeal.made_at, appeal.id),
            FeedItem(
                id=str(appeal.id),
                kind="pending",
                at=appeal.made_at,
                title=words.appeal(appeal.kind.name, english=self._english),
                subtitle=words.waits(appeal.due_on, english=self._english),
                scenario=appeal.methodology,
                grams_g=None,
                points=None,
                state=appeal.state.name,
                expected_on=appeal.due_on,
                explanation_url=None,
            ),
        )

    def adjustment(self, entry: Moved) -> Placed:
        """Any other change of the points; its entry's number tells it from others."""
        return Placed(
            self._key(entry.posted_at, UUID(int=entry.seq)),
            FeedItem(
                id=f"entry-{entry.seq}",
                kind="adjustment",
                at=entry.posted_at,
                title=words.moved(entry.kind, english=self._english),
                subtitle=words.points(entry.points, english=self._english),
                scenario=None,
                grams_g=None,
                points=entry.points,
                state=entry.kind,
                expected_on=None,
                explanation_url=None,
            ),
        )

    def _key(self, at: datetime, number: UUID) -> Key:
        return at.astimezone(self._versions.zone).date(), at, number

    def _title(self, title: Mapping[str, str]) -> str:
        return title["en" if self._english else "zh"]
