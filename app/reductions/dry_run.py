"""Use case: try a version on a sample of history; nothing changes but the list of reports.

Each act is read again with the version on trial, from its evidence or, where that is gone,
from its stored inputs, and quantified with the factors of its day, within the citizen's caps.
Caps know only the acts of the sample. Points are compared at the tariff.
"""

from asyncio import to_thread
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from app.catalogue import watch
from app.catalogue.move import officer
from app.catalogue.versions import Version, Versions
from app.database import Tx
from app.ids import new_id
from app.reductions.caps import ACTS, OWN, window_of
from app.reductions.dry_run_report import CREDITED, HELD, REJECTED, Change, Comparison, status_of
from app.reductions.dry_run_sample import Past, chunks
from app.reductions.quantify import context_of, quantify
from methodologies.canonical import plain_number
from methodologies.contract import EXACT, Cap, Quantification
from methodologies.evidence import EvidenceError
from methodologies.packs import FactorError
from methodologies.replay import Evidence, inputs_from_json

Inputs = Evidence | dict[str, Any]
Place = tuple[object, str, date]
"""Whose use of a cap is counted, of what, and the window's first day."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """One report, as it is kept."""

    id: UUID
    made_by: str
    made_at: datetime
    report: Mapping[str, Any]


async def dry_run(
    tx: Tx,
    *,
    candidate: Version,
    versions: Versions,
    days: int,
    limit: int,
    acts: Sequence[Mapping[str, Any]] = (),
    reason: str,
    officer_id: UUID,
    now: datetime,
) -> DryRun:
    """Compare a version with what counted, keep the report, and note that it was tried.

    Args:
        tx: the caller's transaction.
        candidate: the version on trial.
        versions: the picture of the catalogue, with the factors in force.
        days: how far back, in civil days.
        limit: how many acts at most.
        acts: made-up evidence to try besides; nobody's.
        reason: why, for the history.
        officer_id: who asks.
        now: when (UTC).

    Raises:
        WrongState: the version has force, or is withdrawn.

    """
    watch.ensure_triable(candidate)
    manifest = candidate.methodology.manifest
    since = now.astimezone(versions.zone).date() - timedelta(days=days)
    trial = Trial(candidate, versions)
    same = [
        each.id for each in versions.by_id.values() if each.methodology.manifest.id == manifest.id
    ]
    seed = manifest.content_hash
    async for past in chunks(tx, version_ids=same, since=since, limit=limit, seed=seed):
        await to_thread(trial.take, past)
    made_up = await to_thread(_made_up, candidate, versions, acts, now)
    found = trial.report() | {"since": since.isoformat(), "made_up": made_up}
    kept = DryRun(new_id(), officer(officer_id), now, found)
    await tx.execute(_KEEP, (kept.id, candidate.id, kept.made_by, now, Jsonb(found)))
    await watch.tried(
        tx,
        methodology=manifest.id,
        version=manifest.version,
        reason=reason,
        officer_id=officer_id,
        now=now,
    )
    return kept


async def reports(tx: Tx, *, version_id: int, before: UUID | None, limit: int) -> list[DryRun]:
    """A version's reports, newest first."""
    rows = await tx.execute(_REPORTS, (version_id, before or UUID(int=2**128 - 1), limit))
    return [DryRun(*row) async for row in rows]


class Trial:
    """A version against history: takes acts citizen by citizen, and adds up the differences."""

    def __init__(self, version: Version, versions: Versions) -> None:
        self._version = version
        self._versions = versions
        self._manifest = version.methodology.manifest
        self._used: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._comparison = Comparison()
        self._citizens: set[int] = set()
        self._from_inputs = self._incomparable = 0

    def take(self, past: Sequence[Past]) -> None:
        """Some acts more, a citizen's in the order in which they came."""
        self._comparison.add_all(
            change for each in past if (change := self._change(each)) is not None
        )

    def report(self) -> dict[str, Any]:
        """What came of it."""
        return self._comparison.report() | {
            "citizens": len(self._citizens),
            "from_stored_inputs": self._from_inputs,
            "incomparable": self._incomparable,
        }

    def _change(self, past: Past) -> Change | None:
        day, read = self._read(past)
        if day is None or read is None:
            self._incomparable += 1
            return None
        self._citizens.add(past.account_id)
        worth = read
        if not isinstance(worth, Quantification):
            worth = self._within_caps(past.account_id, day, worth)
        return Change(
            past.id,
            day,
            self._versions.points_per_kg(self._manifest.id, day),
            HELD if past.grams is None else CREDITED,
            past.grams or 0,
            status_of(worth.status),
            worth.grams,
            worth.reason_code,
        )

    def _read(self, past: Past) -> tuple[date | None, Inputs | Quantification | None]:
        """The act's day, and its inputs as the version wants them, or its refusal."""
        stored = past.inputs or {}
        if past.data is None:
            try:
                inputs = inputs_from_json(stored, self._manifest)
            except (KeyError, ValueError, ArithmeticError):
                return past.occurred_on, None
            self._from_inputs += 1
            return past.occurred_on, inputs
        assert past.received_at is not None, "evidence knows when it came"
        try:
            evidence = self._version.reader.read(
                past.data,
                received_at=past.received_at,
                zone=self._versions.zone,
                history={name: stored.get(name) for name in self._manifest.history},
            )
        except EvidenceError as error:
            return past.occurred_on, Quantification.rejected(error.reason_code)
        return evidence.occurred_on, evidence

    def _within_caps(self, account_id: int, day: date, inputs: Inputs) -> Quantification:
        worth = self._quantify(inputs, {})
        if worth.status != "quantified":
            return worth
        limits: dict[str, str] = {}
        places = [self._place(cap, account_id, day, inputs) for cap in self._manifest.caps]
        for cap, place in zip(self._manifest.caps, places, strict=True):
            left = EXACT.subtract(cap.maximum, self._used[place])
            if left <= 0:
                return Quantification.rejected(cap.because)
            if cap.count != ACTS and worth.counts.get(cap.count, left) > left:
                limits[cap.count] = plain_number(left)
        if limits:
            worth = self._quantify(inputs, limits)
        for cap, place in zip(self._manifest.caps, places, strict=True):
            amount = Decimal(1) if cap.count == ACTS else worth.counts.get(cap.count, Decimal(0))
            self._used[place] = EXACT.add(self._used[place], amount)
        return worth

    def _place(self, cap: Cap, account_id: int, day: date, inputs: Inputs) -> Place:
        """Whose use of the cap it is, as `caps` counts it, as far as the inputs still tell."""
        holder: object = account_id
        if cap.per not in OWN:
            fields = inputs.fields if isinstance(inputs, Evidence) else {}
            holder = fields.get(cap.subject) or inputs.get(cap.subject) or account_id
        return holder, cap.count, window_of(cap, day)[0]

    def _quantify(self, inputs: Inputs, limits: Mapping[str, str]) -> Quantification:
        if isinstance(inputs, Evidence):
            return quantify(self._version, inputs, self._versions, limits)
        try:
            context = context_of(
                self._version, inputs, self._versions, self._versions.factor_set_id, limits
            )
        except FactorError:
            return Quantification.held("no_factor")
        return self._version.methodology.quantify(inputs, context)


def _made_up(
    version: Version, versions: Versions, acts: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    found = []
    for act in acts:
        try:
            evidence = version.reader.read(act, received_at=now, zone=versions.zone)
        except EvidenceError as error:
            found.append({"status": REJECTED, "grams": 0, "reason": error.reason_code})
            continue
        worth = quantify(version, evidence, versions)
        found.append(
            {
                "status": status_of(worth.status),
                "grams": worth.grams,
                "reason": worth.reason_code,
            }
        )
    return found


_KEEP = """
INSERT INTO dry_run_report (id, version_id, made_by, made_at, report) VALUES (%s, %s, %s, %s, %s)
"""
_REPORTS = """
SELECT id, made_by, made_at, report FROM dry_run_report
 WHERE version_id = %s AND id < %s ORDER BY id DESC LIMIT %s
"""
