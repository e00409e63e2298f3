"""Use case: a version in the shadow says what it would make of live acts; nobody is paid by it.

It sees what was credited or held, in the same transaction, under the same limits. Records that
were refused are not kept, so it does not see them. One statement a batch, none without a shadow.
"""

from asyncio import to_thread
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from app.catalogue.versions import Version, Versions
from app.database import Tx
from app.reductions.decisions import Candidate
from app.reductions.dry_run_report import (
    CREDITED,
    HELD,
    MOVERS,
    REJECTED,
    STEPS,
    Change,
    Comparison,
    Group,
    status_of,
)
from app.reductions.quantify import quantify
from methodologies.evidence import EvidenceError

INLINE_MAX = 8
"""So few acts are quantified where they are."""


async def observe(
    tx: Tx, *, accepted: Sequence[Candidate], versions: Versions, now: datetime
) -> None:
    """Keep what the versions in the shadow say of a batch's credited and held acts.

    Args:
        tx: the transaction that credits them.
        accepted: the acts, as settled.
        versions: the picture of the catalogue they were judged by.
        now: when the records were received (UTC).

    """
    watched = [
        (each, version)
        for each in accepted
        for version in versions.shadows.get(each.version.methodology.manifest.id, ())
    ]
    if not watched:
        return
    if len(watched) > INLINE_MAX:
        seen = await to_thread(_seen, watched, versions, now)
    else:
        seen = _seen(watched, versions, now)
    await tx.execute(_SEEN, _columns(watched, seen) | {"now": now})


async def report(tx: Tx, *, version_id: int) -> dict[str, Any]:
    """Everything a version saw from the shadow, added up."""
    comparison = Comparison()
    arguments = {"version": version_id, "steps": list(STEPS), "movers": MOVERS}
    async for row in await tx.execute(_GROUPS, arguments):
        comparison.add(Group(*row))
    comparison.movers([Change(*row) async for row in await tx.execute(_MOVERS, arguments)])
    return comparison.report()


def _seen(
    watched: Sequence[tuple[Candidate, Version]], versions: Versions, now: datetime
) -> list[Change]:
    return [_change(candidate, version, versions, now) for candidate, version in watched]


def _change(candidate: Candidate, version: Version, versions: Versions, now: datetime) -> Change:
    name = candidate.version.methodology.manifest.id
    status, grams, reason = _verdict(candidate, version, versions, now)
    return Change(
        candidate.id,
        candidate.day,
        versions.points_per_kg(name, candidate.day),
        HELD if candidate.held else CREDITED,
        0 if candidate.held else candidate.worth.grams,
        status,
        grams,
        reason,
    )


def _verdict(
    candidate: Candidate, version: Version, versions: Versions, now: datetime
) -> tuple[str, int, str | None]:
    try:
        evidence = version.reader.read(
            candidate.record.data,
            received_at=now,
            zone=versions.zone,
            history={
                name: candidate.evidence.get(name) for name in version.methodology.manifest.history
            },
        )
    except EvidenceError as error:
        return REJECTED, 0, error.reason_code
    counted = {cap.count for cap in version.methodology.manifest.caps}
    limits = {name: value for name, value in (candidate.limits or {}).items() if name in counted}
    worth = quantify(version, evidence, versions, limits)
    return status_of(worth.status), worth.grams, worth.reason_code


def _columns(
    watched: Sequence[tuple[Candidate, Version]], seen: Sequence[Change]
) -> dict[str, object]:
    days: list[date] = [each.occurred_on for each in seen]
    return {
        "buckets": [candidate.account_id % 1024 for candidate, _ in watched],
        "ids": [each.id for each in seen],
        "versions": [version.id for _, version in watched],
        "days": days,
        "rates": [each.points_per_kg for each in seen],
        "old_statuses": [each.old_status for each in seen],
        "old_grams": [each.old_grams for each in seen],
        "new_statuses": [each.new_status for each in seen],
        "new_grams": [each.new_grams for each in seen],
        "reasons": [each.reason for each in seen],
    }


_SEEN = """
INSERT INTO shadow_result (bucket, reduction_id, version_id, occurred_on, points_per_kg,
                           old_status, old_grams, new_status, new_grams, reason_code, seen_at)
SELECT bucket, id, version, day, rate, old_status, old_grams, new_status, new_grams, reason,
       %(now)s
  FROM unnest(%(buckets)b::smallint[], %(ids)b::uuid[], %(versions)b::smallint[],
              %(days)b::date[], %(rates)b::int[], %(old_statuses)b::text[],
              %(old_grams)b::bigint[], %(new_statuses)b::text[], %(new_grams)b::bigint[],
              %(reasons)b::text[])
    AS t (bucket, id, version, day, rate, old_status, old_grams, new_status, new_grams, reason)
"""
_GROUPS = """
SELECT old_status, new_status, reason_code, to_char(occurred_on, 'YYYY-MM'),
       width_bucket(new_grams - old_grams, %(steps)s::bigint[]), count(*),
       sum(old_grams)::bigint, sum(new_grams)::bigint,
       sum(old_grams * points_per_kg / 1000)::bigint,
       sum(new_grams * points_per_kg / 1000)::bigint
  FROM shadow_result WHERE version_id = %(version)s
 GROUP BY 1, 2, 3, 4, 5
"""
_MOVERS = """
SELECT reduction_id, occurred_on, points_per_kg, old_status, old_grams, new_status, new_grams,
       reason_code
  FROM shadow_result WHERE version_id = %(version)s AND new_grams <> old_grams
 ORDER BY abs(new_grams - old_grams) DESC, reduction_id DESC LIMIT %(movers)s
"""
