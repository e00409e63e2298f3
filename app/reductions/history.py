"""A citizen's own past, for methodologies that compare an act with it.

What is needed is declared by the methodology (`methodologies.manifest.HistorySpec`); here it is
read, set-based and under the citizen's lock, and worked out for one act at a time, so that acts
of the same batch count as well. The values become ordinary inputs of the act: a replay needs no
history. Only the citizen's own acts are looked at: whoever moves into a flat does not inherit
the former tenant's past.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.catalogue.versions import Versions
from app.database import Tx
from app.lanes import routed
from app.reductions import shapes
from app.reductions.decisions import Candidate
from methodologies.contract import EXACT
from methodologies.manifest import HistorySpec, Manifest
from methodologies.replay import inputs_to_json

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Act:
    """A kept act of the past: what it was, when, and the numbers that were kept of it."""

    id: UUID
    methodology: str
    scopes: frozenset[str]
    day: date
    ended_at: datetime
    kept: Mapping[str, str]
    marks: Mapping[str, str]
    grams: int


class Past:
    """What is known of each citizen of a batch; grows as the batch is settled, in order."""

    def __init__(self, *, asked: bool) -> None:
        self._asked = asked
        self._acts: defaultdict[int, list[Act]] = defaultdict(list)
        self._of_subject: defaultdict[int, set[UUID]] = defaultdict(set)

    def add(self, account_id: int, act: Act) -> None:
        """One more act of a citizen."""
        self._acts[account_id].append(act)

    def belongs(self, subject: int, reduction_id: UUID) -> None:
        """An act was about this meter, vehicle or other shared subject."""
        self._of_subject[subject].add(reduction_id)

    def take(self, candidate: Candidate) -> None:
        """An act that was just accepted is part of the past of the next one."""
        if not self._asked:
            return
        self.add(candidate.account_id, _act_of(candidate))
        for claim in candidate.claims:
            self.belongs(claim.subject, candidate.id)

    def values(self, candidate: Candidate) -> dict[str, object]:
        """What the methodology asked for, by name; what is not known is left out."""
        manifest = candidate.version.methodology.manifest
        found: dict[str, object] = {}
        for name, spec in manifest.history.items():
            places = manifest.inputs[name].places
            value = self._value(spec, candidate, manifest, places)
            if value is not None:
                found[name] = value
        return found

    def _value(
        self, spec: HistorySpec, candidate: Candidate, manifest: Manifest, places: int
    ) -> object | None:
        acts = self._acts[candidate.account_id]
        if spec.kind == "credited_grams_same_day":
            return sum(
                act.grams
                for act in acts
                if act.day == candidate.day and act.scopes & set(spec.scopes)
            )
        if spec.kind == "counted_same_period":
            return self._counted(spec, candidate, acts, places)
        mine = self._same(
            spec, candidate, [each for each in acts if each.methodology == manifest.id]
        )
        if spec.kind == "minutes_since_last":
            return _minutes_since(spec, candidate, mine)
        earlier = [act for act in mine if act.day < candidate.day]
        return _over_days(spec, candidate.day, earlier, places)

    def _same(self, spec: HistorySpec, candidate: Candidate, acts: Sequence[Act]) -> Sequence[Act]:
        """Acts of the same subject: the citizen's, or those that claimed the same meter."""
        if spec.subject in {"citizen", "household"}:
            return acts
        ids: set[UUID] = set()
        for claim in candidate.claims:
            if claim.shared:
                ids |= self._of_subject[claim.subject]
        return [act for act in acts if act.id in ids]

    def _counted(
        self, spec: HistorySpec, candidate: Candidate, acts: Sequence[Act], places: int
    ) -> Decimal:
        """What other methodologies counted in the same days."""
        first = candidate.evidence.started_at.date()
        own = candidate.version.methodology.manifest.id
        return _rounded(
            _sum(
                act.kept[spec.of]
                for act in acts
                if act.methodology != own
                and act.scopes & set(spec.scopes)
                and spec.of in act.kept
                and first <= act.day <= candidate.day
            ),
            places,
        )


def _over_days(spec: HistorySpec, day: date, earlier: Sequence[Act], places: int) -> object | None:
    """Sums, means and maxima over days or months before the act's own."""
    acts = [act for act in earlier if spec.of in act.kept]
    if spec.kind == "same_month_of_past_years":
        sums = []
        for year in range(day.year - 1, day.year - 1 - spec.years, -1):
            month = [act for act in acts if (act.day.year, act.day.month) == (year, day.month)]
            if month:
                sums.append(_rounded(_sum(act.kept[spec.of] for act in month), places))
        return sums or None
    if spec.kind == "sum_this_year":
        this_year = [act for act in acts if act.day.year == day.year]
        total = _sum(act.kept[spec.of] for act in this_year)
        return _rounded(total, places) if this_year else None
    window = [act for act in acts if act.day >= day - timedelta(days=spec.days)]
    if not window or len({act.day for act in window}) < spec.at_least:
        return None
    numbers = [Decimal(act.kept[spec.of]) for act in window]
    if spec.kind == "max_of_prior_days":
        return _rounded(max(numbers), places)
    return _rounded(EXACT.divide(_sum(numbers), Decimal(len(numbers))), places)


def _minutes_since(spec: HistorySpec, candidate: Candidate, mine: Sequence[Act]) -> int | None:
    """Whole minutes since the latest like act ended, before this one began."""
    start = candidate.evidence.started_at
    ends = [
        act.ended_at
        for act in mine
        if act.ended_at <= start
        and all(act.marks.get(name) == candidate.marks[name] for name in spec.same)
    ]
    return (start - max(ends)) // _MINUTE if ends else None


def _sum(numbers: Any) -> Decimal:
    total = Decimal(0)
    for number in numbers:
        total = EXACT.add(total, Decimal(number))
    return total


def _rounded(number: Decimal, places: int) -> Decimal:
    return EXACT.quantize(number, Decimal(1).scaleb(-places))


def _act_of(candidate: Candidate) -> Act:
    manifest = candidate.version.methodology.manifest
    counts = {name: str(value) for name, value in candidate.worth.counts.items()}
    return Act(
        candidate.id,
        manifest.id,
        scopes_of(manifest),
        candidate.day,
        candidate.evidence.ended_at,
        inputs_to_json(candidate.evidence, manifest) | counts,
        candidate.marks,
        candidate.worth.grams,
    )


def scopes_of(manifest: Manifest) -> frozenset[str]:
    """The claim scopes of a methodology's acts."""
    return frozenset(claim.scope for claim in manifest.claims)


def since(candidate: Candidate) -> date:
    """The first day that the act's methodology wants to know about."""
    day = candidate.day
    first = day
    for spec in candidate.version.methodology.manifest.history.values():
        if spec.kind == "same_month_of_past_years":
            first = min(first, date(day.year - spec.years, 1, 1))
        elif spec.kind == "sum_this_year":
            first = min(first, date(day.year, 1, 1))
        elif spec.kind in {"mean_of_prior_days", "max_of_prior_days"}:
            first = min(first, day - timedelta(days=spec.days))
        else:
            first = min(first, candidate.evidence.started_at.date() - timedelta(days=1))
    return first


async def past_of(
    tx: Tx,
    *,
    candidates: Sequence[Candidate],
    versions: Versions,
    buckets: Sequence[int] | None = None,
    aside: Tx | None = None,
) -> Past:
    """Read what the batch's methodologies ask for: two statements, or none.

    Args:
        tx: the transaction that has locked the citizens.
        candidates: the batch's, or a lane's.
        versions: the picture of the catalogue they are judged by.
        buckets: of a lane, which hold all accounts.
        aside: of a lane, a connection that may ask for subjects in other buckets.

    """
    asking = [each for each in candidates if each.asks]
    past = Past(asked=bool(asking))
    if not asking:
        return past
    rows = await tx.execute(
        routed(_ACTS, buckets),
        {
            "buckets": buckets,
            "accounts": [each.account_id for each in asking],
            "first": [since(each) for each in asking],
            "last": [each.day for each in asking],
        },
    )
    async for account_id, reduction_id, version_id, day, ended_at, names, inputs, grams in rows:
        manifest = versions.by_id[version_id].methodology.manifest
        stored = shapes.apart(names, inputs)
        kept = shapes.inputs_of(stored) | shapes.counts_of(stored)
        past.add(
            account_id,
            Act(
                reduction_id,
                manifest.id,
                scopes_of(manifest),
                day,
                ended_at,
                kept,
                shapes.marks_of(stored),
                grams,
            ),
        )
    shared = [claim for each in asking for claim in each.claims if claim.shared]
    if shared:
        found = await (aside or tx).execute(
            _SUBJECTS,
            {
                "scopes": [claim.scope for claim in shared],
                "subjects": [claim.subject for claim in shared],
            },
        )
        async for subject, reduction_id in found:
            past.belongs(subject, reduction_id)
    return past


_ACTS = """
SELECT DISTINCT ON (r.id) r.account_id, r.id, r.version_id, r.occurred_on, r.occurred_at,
       s.names, r.inputs, r.grams
  FROM unnest(%(accounts)b::bigint[], %(first)b::date[], %(last)b::date[])
         AS t (account_id, first, last)
 CROSS JOIN LATERAL (
         SELECT r.id, r.account_id, r.version_id, r.occurred_on, r.occurred_at, r.inputs, r.grams,
                r.shape_id
           FROM reduction r
          WHERE r.account_id = t.account_id AND r.occurred_on BETWEEN t.first AND t.last
            /* lane: r */
         OFFSET 0) AS r
  JOIN input_shape s ON s.id = r.shape_id
"""
_SUBJECTS = """
SELECT DISTINCT c.subject, c.reduction_id
  FROM unnest(%(scopes)b::smallint[], %(subjects)b::bigint[]) AS t (scope, subject)
 CROSS JOIN LATERAL (
         SELECT c.subject, c.reduction_id FROM claim c
          WHERE c.bucket = (t.subject %% 1024)::smallint AND c.scope = t.scope
            AND c.subject = t.subject
         OFFSET 0) AS c
"""
