"""What a batch in lanes would come to, and the reservations for that.

A plan is exact for everything before the first act that is denied what it claims. So when that
denial leaves room for a later act of the same citizen (an interval, a cap of the day), what was
reserved after it is given back and the rest is planned again: lanes answer as one transaction
would. Nothing here writes an act.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from app.ids import bucket_of
from app.lanes import Lane, Lanes, Step, all_in_lanes
from app.reductions import caps, lane_log, lane_shared
from app.reductions.decisions import Candidate, Place
from app.reductions.lane_credit import LaneBatch, Terms, settle_lane
from app.reductions.lane_log import Paid, Wanted

TURNS = 32
"""How often a plan is turned by a denial; after that, acts may be denied that had a chance."""
Done = TypeVar("Done")
Item = TypeVar("Item")


class Planner:
    """Plans one delivery, anew if need be; what it was denied and granted once, it remembers.

    Args:
        batch: what all lanes share.
        lanes: which buckets go together.
        wanted: what each act wants of other buckets.

    """

    def __init__(self, batch: LaneBatch, lanes: Lanes, wanted: Mapping[UUID, Wanted]) -> None:
        self._batch = batch
        self._lanes = lanes
        self._wanted = wanted
        self._todo: Sequence[Candidate] = ()
        self._denied: set[UUID] = set()
        self._drawn: dict[tuple[UUID, Place], Decimal] = {}

    async def terms(self, todo: Sequence[Candidate], plain: Terms) -> Terms:
        """Plan, where something is shared, and reserve what the plan would accept."""
        versions, now = self._batch.versions, self._batch.now
        wanted = [self._wanted[each.id] for each in todo]
        shares = any(each.claims or each.cap_subjects for each in wanted)
        if not versions.budgets and not shares:
            return plain
        accepted = await self._claimed(todo, plain)
        granted = await self._caps(accepted)
        self._drawn.update(granted)
        paid: Mapping[UUID, Paid] = {}
        if versions.budgets:
            async with self._batch.database.writing() as tx:
                paid = await lane_log.pay(
                    tx, delivery=self._batch.id, acts=accepted, versions=versions, now=now
                )
        return replace(
            plain,
            denied=frozenset(self._denied),
            planned=frozenset(each.id for each in accepted) | self._denied,
            granted=granted,
            paid=paid,
        )

    async def _claimed(self, todo: Sequence[Candidate], plain: Terms) -> list[Candidate]:
        """The acts that are accepted and have all they claim, in the order of the batch."""
        self._todo = todo
        last = {each.account_id: each.record.index for each in todo}
        for turn in range(TURNS + 1):
            accepted, capped = await self._settled(todo, plain)
            late = await self._claims(accepted)
            new = [each for each in accepted if each.id in late.all]
            turning = [each for each in new if last[each.account_id] > each.record.index]
            if not turning or turn == TURNS:
                self._denied |= late.all | await self._overlapped(capped)
                return [each for each in accepted if each.id not in late.all]
            first = turning[0].record.index
            self._denied |= late.others
            self._denied.update(each.id for each in new if each.record.index <= first)
            await self._unclaim([each for each in accepted if each.record.index > first])
        raise AssertionError("the last turn returns")

    async def _settled(
        self, todo: Sequence[Candidate], plain: Terms
    ) -> tuple[list[Candidate], list[Candidate]]:
        """What would be accepted, by what is known now; and what finds one of its caps used up."""
        terms = replace(plain, denied=frozenset(self._denied), drawn=self._drawn)
        plans = await self._all(
            self._lanes.cut(todo, lambda each: bucket_of(each.account_id)),
            lambda tx, lane: settle_lane(tx, lane=lane, terms=terms, batch=self._batch),
        )
        accepted = [each for plan, _ in plans for each in plan.accepted if not each.held]
        reasons = {each.index: each.reason for plan, _ in plans for each in plan.refused}
        capped = [
            each
            for each in todo
            if each.record.index in reasons
            and any(cap.because == reasons[each.record.index] for cap, _ in each.places)
        ]
        return sorted(accepted, key=lambda each: each.record.index), capped

    async def _overlapped(self, capped: Sequence[Candidate]) -> set[UUID]:
        """Those of the refused that others' claims overlap too, which is the reason told first."""
        wishes = self._wishes(capped)
        if not wishes:
            return set()
        found = await self._all(
            self._lanes.cut(wishes, lane_shared.bucket_of_claim),
            lambda tx, lane: lane_shared.overlapped(tx, buckets=lane.buckets, wishes=lane.items),
        )
        index_of = {each.id: each.record.index for each in self._todo}
        return {
            act_id
            for pairs in found
            for act_id, other in pairs
            if index_of.get(other, -1) < index_of[act_id]
        }

    async def _claims(self, accepted: Sequence[Candidate]) -> lane_shared.Late:
        late = await self._all(
            self._lanes.cut(self._wishes(accepted), lane_shared.bucket_of_claim),
            lambda tx, lane: lane_shared.claim(tx, buckets=lane.buckets, wishes=lane.items),
        )
        return lane_shared.Late(
            set[UUID]().union(*(each.others for each in late)),
            set[UUID]().union(*(each.inside for each in late)),
        )

    async def _unclaim(self, acts: Sequence[Candidate]) -> None:
        await self._all(
            self._lanes.cut(self._wishes(acts), lane_shared.bucket_of_claim),
            lambda tx, lane: lane_shared.unclaim(tx, buckets=lane.buckets, wishes=lane.items),
        )

    def _wishes(self, acts: Sequence[Candidate]) -> list[lane_shared.ClaimWish]:
        return [(each.id, claim) for each in acts for claim in self._wanted[each.id].claims]

    async def _caps(self, accepted: Sequence[Candidate]) -> lane_shared.Granted:
        wishes = [
            (each.id, place, cap.maximum, caps.amount_of(each, cap))
            for each in accepted
            for cap, place in each.places
            if cap.per not in caps.OWN
        ]
        granted = await self._all(
            self._lanes.cut(wishes, lane_shared.bucket_of_cap),
            lambda tx, lane: lane_shared.draw(tx, buckets=lane.buckets, wishes=lane.items),
        )
        return {key: amount for each in granted for key, amount in each.items()}

    async def _all(self, cut: Sequence[Lane[Item]], step: Step[Item, Done]) -> list[Done]:
        return await all_in_lanes(self._batch.database, self._lanes, cut, step)
