"""Use case: a batch in lanes. Every transaction touches one group of buckets, or the coordinator.

A saga, each step durable by itself, in this order:

1. The delivery is written down, with the acts it is about (coordinator).
2. Names: who may write an act, in the buckets of the acts' ids (`lane_names`).
3. Only where acts claim other subjects than their citizens, draw on shared caps or on a budget:
   a plan (`lane_plan`). Each lane settles without writing; what it would accept is then reserved,
   in the order of the batch: claims and caps in the subjects' buckets (`lane_shared`), points of
   the month's budget on the coordinator (`lane_log`).
4. Lanes (`lane_credit`): settle again, write, book. A lane whose acts do not fit what was
   reserved is planned anew.
5. What was reserved for acts that were not accepted is given back, and the delivery is forgotten
   with a note of the batch.

A lane that fails leaves the others credited; the caller hears "try again", and then the credited
are duplicates with their first numbers. A file's chunk answers from what its lanes remember, so
its totals count each act once. Whatever dies leaves reservations, which stand in nobody's favour:
the same act finds its own, others are refused meanwhile, `lane_sweep` gives them back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from app.catalogue.versions import Versions
from app.database import Database, Tx
from app.ids import BUCKETS, bucket_of, new_id
from app.intake.records import Malformed, Record
from app.lanes import Lane, Lanes, Step, all_in_lanes, in_lanes
from app.people import agreed
from app.problems import TryAgain
from app.reductions import lane_log, lane_names, lane_release, seen, shapes
from app.reductions.decisions import Candidate, Outcome, Verdict
from app.reductions.deliver import Delivery, judged, noted, tally_of
from app.reductions.lane_credit import (
    LaneBatch,
    LaneMovedError,
    Terms,
    credit_lane,
    forget,
)
from app.reductions.lane_log import wanted_of
from app.reductions.lane_names import Held
from app.reductions.lane_plan import Planner
from app.reductions.write import packed, register_shapes

PLANS = 4
"""How often a batch is planned anew before its sender is asked to try again."""
Done = TypeVar("Done")
Item = TypeVar("Item")


async def deliver_in_lanes(
    database: Database,
    *,
    lanes: Lanes,
    provider_id: int,
    records: Sequence[Record],
    malformed: Sequence[Malformed],
    versions: Versions,
    subject_key: bytes,
    now: datetime,
    delivery_id: UUID | None = None,
    closing: Tx | None = None,
) -> Delivery:
    """Judge, settle and book a batch, lane by lane.

    Args:
        database: opens the lanes' transactions; the caller holds none of its own.
        lanes: which buckets go together.
        provider_id: who sent it.
        records: what could be read; indices are distinct.
        malformed: what could not; they are answered too.
        versions: the catalogue's picture of this moment.
        subject_key: what card numbers are digested with.
        now: when the batch was received (UTC).
        delivery_id: of a chunk that may be delivered again after it was interrupted.
        closing: the transaction that notes the batch; one of its own by default.

    """
    async with database.reading() as tx:
        candidates, refused = await judged(
            tx,
            provider_id=provider_id,
            records=records,
            malformed=malformed,
            versions=versions,
            subject_key=subject_key,
            now=now,
        )
        # Asked again under the locks of each lane; here so that they reserve nothing shared.
        needed = {each.consent for each in candidates}
        asked = await agreed.ask(tx, pairs=needed, provider_id=provider_id)
        unagreed = await agreed.missing(asked, pairs=needed)
    refused += [each.unagreed() for each in candidates if each.consent in unagreed]
    candidates = [each for each in candidates if each.consent not in unagreed]
    number = new_id()
    batch = LaneBatch(
        delivery_id or number, provider_id, versions, now, database, delivery_id is not None
    )
    decided = await _Saga(batch, lanes, candidates).run() if candidates else []
    outcomes = sorted([*decided, *refused], key=lambda outcome: outcome.index)
    delivery = Delivery(number, tally_of(outcomes), outcomes)
    if closing is not None:
        await noted(closing, delivery=delivery, provider_id=provider_id, now=now)
    else:
        async with database.writing() as tx:
            await noted(tx, delivery=delivery, provider_id=provider_id, now=now)
    return delivery


async def forget_answers(database: Database, *, lanes: Lanes, deliveries: Sequence[UUID]) -> None:
    """After chunks are counted, what their lanes remembered is needed no more."""
    for lane in lanes.cut(range(BUCKETS), lambda bucket: bucket):
        async with database.writing() as tx:
            await forget(tx, buckets=lane.buckets, deliveries=deliveries)


class _Saga:
    """One batch on its way."""

    def __init__(self, batch: LaneBatch, lanes: Lanes, candidates: Sequence[Candidate]) -> None:
        self.batch = batch
        self.lanes = lanes
        self.candidates = candidates
        self.wanted = {each.id: wanted_of(each) for each in reversed(candidates)}
        self.shapes: set[str] = set()

    async def run(self) -> list[Outcome]:
        """All steps; outcomes in any order.

        Raises:
            TryAgain: others were at the same acts all the time; lanes that are done stay done.

        """
        await self._begin()
        lost = await self._names()
        todo = [each for each in self.candidates if each.record.index not in lost]
        outcomes = [_of_another(each) for each in self.candidates if each.record.index in lost]
        async with self.batch.database.reading() as tx:
            earlier = await seen.before_digests(tx, ids=self.wanted)
        planner = Planner(self.batch, self.lanes, self.wanted)
        for _ in range(PLANS):
            terms = await planner.terms(todo, Terms(earlier, shapes=frozenset(self.shapes)))
            done, todo = await self._credit(todo, terms)
            outcomes += done
            if not todo:
                await self._finish(outcomes)
                return outcomes
        raise TryAgain("The batch met others at the same acts.", "批次与其他批次相互影响,请重试。")

    async def _begin(self) -> None:
        """Write the delivery down, and the shapes that its acts will most likely have."""
        names = {packed(each)[0] for each in self.candidates if not each.held and not each.asks}
        async with self.batch.database.writing() as tx:
            await lane_log.write_down(
                tx, delivery=self.batch.id, acts=[*self.wanted.values()], now=self.batch.now
            )
            await self._register(tx, names)

    async def _register(self, tx: Tx, names: set[str]) -> None:
        """Write shapes that nobody has written: each has them all, so a write is every node's."""
        if fresh := await shapes.unregistered(tx, names=names):
            await register_shapes(tx, names=fresh)
        self.shapes |= names

    async def _names(self) -> set[int]:
        """Reserve the acts' ids, each for the first citizen; the places of those who lost one."""
        first = [(each.id, each.account_id) for each in self.wanted.values()]
        now, delivery = self.batch.now, self.batch.id
        others = await self._all(
            self.lanes.cut(first, lane_names.bucket_of_name),
            lambda tx, lane: lane_names.take(
                tx, buckets=lane.buckets, names=lane.items, delivery=delivery, now=now
            ),
        )
        lost = set[UUID]().union(*others)
        return {
            each.record.index
            for each in self.candidates
            if each.id in lost or self.wanted[each.id].account_id != each.account_id
        }

    async def _credit(
        self, todo: Sequence[Candidate], terms: Terms
    ) -> tuple[list[Outcome], list[Candidate]]:
        """Every lane; the outcomes of those that are done, and the acts of those that are not."""
        moved: list[Candidate] = []
        names: set[str] = set()

        async def credit(tx: Tx, lane: Lane[Candidate]) -> list[Outcome]:
            return await credit_lane(tx, lane=lane, terms=terms, batch=self.batch)

        outcomes: list[Outcome] = []
        cut = self._cut(todo)
        for lane, found in zip(
            cut, await in_lanes(self.batch.database, self.lanes, cut, credit), strict=True
        ):
            if isinstance(found, LaneMovedError):
                moved += lane.items
                names.update(found.names)
            elif isinstance(found, BaseException):
                raise found
            else:
                outcomes += found
        if names:
            async with self.batch.database.writing() as tx:
                await self._register(tx, names)
        return outcomes, sorted(moved, key=lambda each: each.record.index)

    async def _finish(self, outcomes: Sequence[Outcome]) -> None:
        """Give back what no accepted act needs, and forget the delivery."""
        outcome_at = {each.index: each for each in outcomes}
        paid: dict[UUID, int] = {}
        known: set[UUID] = set()
        for each in self.candidates:
            outcome = outcome_at[each.record.index]
            if outcome.verdict is Verdict.credited:
                paid[each.id] = outcome.points
            if outcome.verdict is not Verdict.rejected:
                known.add(each.id)
        now, delivery = self.batch.now, self.batch.id
        acts = self.wanted.values()
        all_went = await lane_release.release(
            self.batch.database,
            lanes=self.lanes,
            gone=[
                (each, Held(each.id, each.account_id, delivery, now, 1))
                for each in acts
                if each.id not in known
            ],
            kept=[each for each in acts if each.id in known],
        )
        if all_went:  # otherwise somebody relies on it, and the sweep looks again
            async with self.batch.database.writing() as tx:
                await lane_log.end(tx, delivery=delivery, used=paid, now=now)

    def _cut(self, todo: Sequence[Candidate]) -> list[Lane[Candidate]]:
        return self.lanes.cut(todo, lambda each: bucket_of(each.account_id))

    async def _all(self, cut: Sequence[Lane[Item]], step: Step[Item, Done]) -> list[Done]:
        return await all_in_lanes(self.batch.database, self.lanes, cut, step)


def _of_another(candidate: Candidate) -> Outcome:
    record = candidate.record
    return Outcome(record.index, record.ref, Verdict.duplicate, "seen_before")
