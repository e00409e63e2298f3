"""Read: what changed for a citizen since a place, as events; the same for a stream and for polls.

An entry that credits an act is told as the act and as points that arrived; one that spends or
gives back a coupon's points as the coupon. Messages come by themselves.
"""

from dataclasses import dataclass
from uuid import UUID

from app.database import Tx
from app.ledger import news
from app.ledger.news import Entry
from app.notices import inbox
from app.notices.schemas import MessageView
from app.phone.place import STEPS, Place
from app.phone.schemas_changes import ChangeView
from app.reductions import listing
from app.reductions.listing import ReductionView
from app.rewards import claims

AT_ONCE = 100
"""Entries, and messages, that are read together."""
_COUPON = {"redeem": "spent", "refund": "refunded"}


@dataclass(frozen=True, slots=True)
class Found:
    """Events in their order, where they end, and whether there may be more."""

    items: list[ChangeView]
    place: Place
    more: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What entries are about."""

    acts: dict[UUID, ReductionView]
    coupons: dict[UUID, UUID]


async def start(tx: Tx, *, account_id: int) -> Place:
    """The place after everything that can be read now."""
    watermark_xid = await inbox.watermark(tx)
    return Place.after(await news.last(tx, account_id=account_id), watermark_xid)


async def is_known(tx: Tx, *, place: Place) -> bool:
    """Whether a place can be ours: one of a database that was restored lies in the future."""
    return place.xid < await inbox.watermark(tx)


async def since(
    tx: Tx, *, account_id: int, place: Place, english: bool, limit: int = AT_ONCE
) -> Found:
    """What happened after a place.

    Args:
        tx: the citizen's reading connection.
        account_id: whose.
        place: what has been told.
        english: the reader's language.
        limit: entries, and messages, at most.

    """
    entries = await news.after(tx, account_id=account_id, seen=place.seen, limit=limit)
    refs = [each.ref for each in entries]
    known = _Known(
        {
            each.id: each
            for each in await listing.some(
                tx, account_id=account_id, ids=[e.ref for e in entries if e.kind == "earn"]
            )
        },
        await claims.of_entries(
            tx,
            account_id=account_id,
            refs=[ref for ref, e in zip(refs, entries, strict=True) if e.kind in _COUPON],
        ),
    )
    items: list[ChangeView] = []
    for entry in entries:
        events = _events(entry, known)
        for nth, event in enumerate(events):
            step = STEPS * entry.seq - (len(events) - 1 - nth)
            if step <= place.steps.get(entry.unit, 0):
                continue  # told before the stream broke between two events of one entry
            place = place.at_step(entry.unit, step)
            items.append(event.model_copy(update={"id": place.text}))
        place = place.at_step(entry.unit, STEPS * entry.seq)
    arrived = await inbox.news(
        tx, account_id=account_id, after=(place.xid, place.message_id), limit=limit
    )
    for message in arrived:
        place = place.at_message(message.xid, message.id)
        view = MessageView.of(message, english=english)
        items.append(_change("message", message.created_at, id=place.text, message=view))
    return Found(items, place, limit in {len(entries), len(arrived)})


def _events(entry: Entry, known: _Known) -> list[ChangeView]:
    """What an entry is told as, at most `STEPS` events; nothing for what only leaves."""
    common = {"unit": entry.unit_code, "points": entry.points, "balance": entry.balance}
    events = []
    act = known.acts.get(entry.ref) if entry.kind == "earn" else None
    if act is not None:
        mine = {"reduction_id": act.id, "grams_g": act.grams}
        events.append(_change("act_credited", entry.posted_at, **common, **mine))
    elif entry.kind in _COUPON:
        mine = {"redemption_id": known.coupons.get(entry.ref), "state": _COUPON[entry.kind]}
        events.append(_change("coupon_changed", entry.posted_at, **common, **mine))
    if entry.points > 0:
        events.append(_change("points_arrived", entry.posted_at, **common))
    return events


def _change(kind: str, at: object, **facts: object) -> ChangeView:
    blank = dict.fromkeys(ChangeView.model_fields)
    return ChangeView.model_validate({**blank, "id": "", "kind": kind, "at": at, **facts})
