"""One lane of a batch: one transaction, one group of buckets, from the locks to the points.

The same steps as `credit`, and the same rules (`settle`). What belongs to other buckets is not
looked at here: it was reserved before, and comes in as `Terms`. Every statement names the lane's
buckets where it reads, so that one node answers it alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from app.catalogue.versions import Versions
from app.columns import uuids
from app.database import Database, Tx
from app.ids import bucket_of
from app.intake import evidence
from app.lanes import Lane, routed
from app.ledger.locking import lock_accounts
from app.people import agreed
from app.reductions import caps, claims, history, recent, remembered, seen, shadow
from app.reductions.decisions import Candidate, Outcome, Place, measured
from app.reductions.lane_log import Paid
from app.reductions.seen import Earlier
from app.reductions.settle import Known, Settled, answers, settle
from app.reductions.write import Batch, book, packed, write
from methodologies.contract import Cap


class LaneMovedError(Exception):
    """Since the reservations, something changed that they do not fit: they are made anew.

    Args:
        names: shapes that have to be registered first; none if another reason.

    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        super().__init__("a lane does not fit its reservations")
        self.names = names


@dataclass(frozen=True, slots=True)
class Terms:
    """What was reserved, or found out, for a batch's acts outside their buckets.

    ``planned`` are the acts that were reserved for; None if nothing needed to be. ``shapes`` are
    registered. A plan has no terms of its own yet: ``granted`` is None, and no cap is used up but
    one that ``drawn`` says was when it was drawn on before.
    """

    earlier: Mapping[UUID, Earlier]
    denied: frozenset[UUID] = frozenset()
    planned: frozenset[UUID] | None = None
    granted: Mapping[tuple[UUID, Place], Decimal] | None = None
    drawn: Mapping[tuple[UUID, Place], Decimal] = field(default_factory=dict)
    paid: Mapping[UUID, Paid] = field(default_factory=dict)
    shapes: frozenset[str] = frozenset()


class _LaneUsed(caps.Used):
    """Caps of subjects in other buckets are what was reserved for the act."""

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self._granted = terms.granted
        self._drawn = terms.drawn

    def left_for(self, act_id: UUID, cap: Cap, place: Place) -> Decimal:
        if cap.per in caps.OWN:
            return self.left(cap, place)
        if self._granted is None:
            return self._drawn.get((act_id, place), cap.maximum)
        return self._granted.get((act_id, place), Decimal(0))


@dataclass(frozen=True, slots=True)
class LaneBatch:
    """What all lanes of a delivery share; ``remembered`` deliveries answer the same once more."""

    id: UUID
    provider_id: int
    versions: Versions
    now: datetime
    database: Database
    remembered: bool


async def settle_lane(
    tx: Tx, *, lane: Lane[Candidate], terms: Terms, batch: LaneBatch
) -> tuple[Settled, list[Outcome]]:
    """Lock the lane's citizens and decide; with what a delivery that goes on answered before."""
    buckets = lane.buckets
    await lock_accounts(tx, account_ids=(each.account_id for each in lane.items), buckets=buckets)
    before = await _answered(tx, batch.id, buckets) if batch.remembered else []
    done = {each.index for each in before}
    items = [each for each in lane.items if each.record.index not in done]
    if not items:
        return Settled(), before
    places = [
        (each.record.index, claim)
        for each in items
        if not each.held
        for claim in each.intervals
        if claim.subject == each.account_id
    ]
    used = _LaneUsed(terms)
    colliding = {each.record.index for each in items if each.id in terms.denied}
    colliding |= {
        places[place][0]
        for place in await claims.colliding(
            tx, intervals=[claim for _, claim in places], buckets=buckets
        )
    }
    colliding |= await recent.read(
        tx, candidates=items, versions=batch.versions, used=used, buckets=buckets
    )
    ids = {each.id for each in items}
    earlier = await seen.in_lane(tx, ids=ids, buckets=buckets)
    earlier |= {key: value for key, value in terms.earlier.items() if key in ids}
    needed = {each.consent for each in items}
    live = await agreed.ask(tx, pairs=needed, provider_id=batch.provider_id, buckets=buckets)
    known = Known(
        earlier=earlier,
        colliding=frozenset(colliding),
        used=used,
        past=await _past(tx, items, batch, buckets),
        versions=batch.versions,
        received_at=batch.now,
        unagreed=await agreed.missing(live, pairs=needed),
    )
    return settle(items, known), before


async def credit_lane(
    tx: Tx, *, lane: Lane[Candidate], terms: Terms, batch: LaneBatch
) -> list[Outcome]:
    """Settle a lane and do all that follows; one outcome for each of its candidates.

    Raises:
        LaneMovedError: reservations do not fit; nothing was done.

    """
    settled, outcomes = await settle_lane(tx, lane=lane, terms=terms, batch=batch)
    settled.accepted = _as_reserved(settled.accepted, terms)
    if settled.accepted:
        await _write(tx, settled.accepted, lane, terms, batch)
    decided = answers(settled)
    if batch.remembered and decided:
        await _remember(tx, lane, decided, batch)
    return [*outcomes, *decided]


async def _write(
    tx: Tx, accepted: list[Candidate], lane: Lane[Candidate], terms: Terms, batch: LaneBatch
) -> None:
    credited = [each for each in accepted if not each.held]
    unknown = {packed(each)[0] for each in credited} - terms.shapes
    if unknown:
        raise LaneMovedError(sorted(unknown))
    block = await evidence.keep(
        tx,
        provider_id=batch.provider_id,
        bucket=bucket_of(accepted[0].account_id),
        records=[each.record for each in accepted],
        now=batch.now,
    )
    lines = {each.record.index: line for line, each in enumerate(accepted)}
    shared = Batch(block, lines, batch.versions, batch.now, lane.buckets)
    if await write(tx, accepted=accepted, batch=shared):
        raise LaneMovedError
    await book(
        tx,
        credited=credited,
        versions=batch.versions,
        now=batch.now,
        buckets=lane.buckets,
    )
    await shadow.observe(tx, accepted=accepted, versions=batch.versions, now=batch.now)


def _as_reserved(accepted: list[Candidate], terms: Terms) -> list[Candidate]:
    """The acts at the rates that were drawn for them; never more points than that."""
    if terms.planned is None:
        return accepted
    if any(each.id not in terms.planned for each in accepted if not each.held):
        raise LaneMovedError
    return [_at_rate(each, terms.paid.get(each.id)) for each in accepted]


def _at_rate(candidate: Candidate, paid: Paid | None) -> Candidate:
    if paid is None or candidate.held:
        return candidate
    rate = paid.points_per_kg
    amount = measured(candidate.worth, candidate.version.methodology.manifest)
    if paid.points >= 0 and amount * rate // 1000 > paid.points:
        rate = paid.points * 1000 // amount
    return candidate.paid(rate)


async def _past(
    tx: Tx, items: Sequence[Candidate], batch: LaneBatch, buckets: Sequence[int]
) -> history.Past:
    """The citizens' past; meters lie in other buckets, and another connection asks for them.

    While the citizens are locked, nobody else adds to it.
    """
    if not any(each.asks for each in items):
        return history.Past(asked=False)
    async with batch.database.reading() as aside:
        return await history.past_of(
            tx, candidates=items, versions=batch.versions, buckets=buckets, aside=aside
        )


async def _answered(tx: Tx, delivery: UUID, buckets: Sequence[int]) -> list[Outcome]:
    rows = await tx.execute(
        routed(_ANSWERED, buckets), {"delivery": delivery, "buckets": buckets}, binary=True
    )
    return [each async for (body,) in rows for each in remembered.unpacked(body)]


async def _remember(
    tx: Tx, lane: Lane[Candidate], decided: Sequence[Outcome], batch: LaneBatch
) -> None:
    """Keep a lane's answers by bucket, so that other lanes find them if lanes are cut anew."""
    bucket_at = {each.record.index: bucket_of(each.account_id) for each in lane.items}
    of_bucket: dict[int, list[Outcome]] = {}
    for each in decided:
        of_bucket.setdefault(bucket_at[each.index], []).append(each)
    arguments = {
        "numbers": list(of_bucket),
        "bodies": [remembered.packed(each) for each in of_bucket.values()],
        "delivery": batch.id,
        "now": batch.now,
    }
    await tx.execute(_REMEMBER, arguments)


async def forget(tx: Tx, *, buckets: Sequence[int], deliveries: Sequence[UUID]) -> None:
    """Drop what a lane answered; its file has gone on."""
    ids = {"deliveries": uuids(deliveries), "buckets": buckets}
    await tx.execute(routed(_FORGET, buckets), ids)


_ANSWERED = """
SELECT a.answers FROM lane_answer a WHERE a.delivery = %(delivery)s /* lane: a */
"""
_REMEMBER = """
INSERT INTO lane_answer (bucket, delivery, answered_at, answers)
SELECT bucket, %(delivery)s, %(now)s, body
  FROM unnest(%(numbers)b::smallint[], %(bodies)b::bytea[]) AS t (bucket, body)
"""
_FORGET = """
DELETE FROM lane_answer a WHERE a.delivery = ANY(%(deliveries)b::uuid[]) /* lane: a */
"""
