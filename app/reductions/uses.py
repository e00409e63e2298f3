"""What an act uses up: intervals of the citizen's own and of shared subjects, and caps' holders.

Values in, values out. A subject that is not the citizen is 63 bits of a keyed digest. A facet of
the citizen's own (the energy of a car that no record names) is a scope of its own, with a number
that follows from its name: so it stands in the act's row, like the scope it is a part of.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from app.reductions.decisions import (
    NO_MARKS,
    NO_SUBJECTS,
    OWN_SPAN_S_MAX,
    Interval,
    Scope,
    Surroundings,
)
from methodologies.claims import PLATFORM_SUBJECTS, ClaimKey, claimed
from methodologies.manifest import Manifest
from methodologies.replay import Evidence

_MASK_63 = 2**63 - 1
_INSTANT = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_SCOPES = 8
"""Numbers of the plain scopes end below it; a facet's are its digest's, this far apart."""
_FACETS = 4_095
_FOR_EVER = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""The span of an exact claim, which no other act of the subject can avoid."""


def cap_subjects(manifest: Manifest, evidence: Evidence, around: Surroundings) -> Mapping[str, int]:
    """The vehicles and keys that caps are counted for; without one the citizen is it."""
    wanted = _cap_names(manifest)
    if not wanted:
        return NO_SUBJECTS
    named = {name: evidence.fields.get(name) or evidence.get(name) for name in wanted}
    return {
        name: _number(f"cap\n{name}\n{value}", around) for name, value in named.items() if value
    }


@lru_cache(maxsize=512)
def _cap_names(manifest: Manifest) -> frozenset[str]:
    return frozenset(cap.subject for cap in manifest.caps if cap.subject)


def intervals(
    manifest: Manifest, evidence: Evidence, account_id: int, around: Surroundings
) -> tuple[Interval | None, tuple[Interval, ...]]:
    """The interval that stands in the act's own row, if it has one, and all others."""
    plan = _own_plan(manifest)
    if plan is not None:
        scope, first, last = plan
        starts_at = evidence[first]
        if evidence[last] == evidence.ended_at > starts_at:
            interval = Interval(scope, account_id, starts_at, evidence.ended_at, shared=False)
            if _stands_in_its_row(interval, account_id, evidence.ended_at):
                return interval, ()
    own: Interval | None = None
    others: list[Interval] = []
    for key in claimed(manifest, evidence, provider=str(around.provider_id)):
        interval = _interval(key, account_id, around)
        if own is None and _stands_in_its_row(interval, account_id, evidence.ended_at):
            own = interval
        else:
            others.append(interval)
    return own, tuple(others)


@lru_cache(maxsize=512)
def _own_plan(manifest: Manifest) -> tuple[int, str, str] | None:
    """The usual case, one interval of the citizen's own: its scope, and its two moments."""
    if len(manifest.claims) != 1:
        return None
    (claim,) = manifest.claims
    if claim.subject not in PLATFORM_SUBJECTS or claim.facet or claim.during is None:
        return None
    return number_of_scope(claim.scope, ""), claim.during[0], claim.during[1]


@lru_cache(maxsize=4096)
def number_of_scope(scope: str, facet: str) -> int:
    """A scope's number, or that of one facet of it: 15 bits, which every process knows."""
    number = Scope[scope.replace("-", "_")].value
    if not facet:
        return number
    digest = hashlib.blake2b(facet.encode(), digest_size=8).digest()
    return number + _SCOPES * (1 + int.from_bytes(digest, "big") % _FACETS)


def _stands_in_its_row(interval: Interval, account_id: int, ended_at: datetime) -> bool:
    """Whether a row can say it: the citizen's own, to the act's end, some whole seconds long."""
    if interval.shared or interval.subject != account_id or interval.ends_at != ended_at:
        return False
    seconds, rest = divmod(ended_at - interval.starts_at, _SECOND)
    return not rest and 1 <= seconds <= OWN_SPAN_S_MAX


def _interval(key: ClaimKey, account_id: int, around: Surroundings) -> Interval:
    """The subject's number: the citizen's own, or 63 bits of a keyed digest."""
    starts_at, ends_at = key.during or _FOR_EVER
    ends_at = max(ends_at, starts_at + _INSTANT)
    if key.subject[0] in PLATFORM_SUBJECTS:
        scope = number_of_scope(key.scope, key.facet)
        return Interval(scope, account_id, starts_at, ends_at, shared=False)
    scope = number_of_scope(key.scope, "")
    named = "\n".join(key.subject)
    subject = _number(f"{scope}\n{key.facet}\n{named}", around)
    return Interval(scope, subject, starts_at, ends_at, shared=True)


def marks(manifest: Manifest, evidence: Evidence, around: Surroundings) -> Mapping[str, str]:
    """What tells like acts from others without saying it: keyed digests, each act's own name."""
    if not manifest.history:
        return NO_MARKS
    wanted = {name for spec in manifest.history.values() for name in spec.same}
    found = {name: evidence.fields.get(name) or evidence.get(name, "") for name in wanted}
    return {
        name: f"{_number(f'mark{chr(10)}{name}{chr(10)}{value}', around):016x}"
        for name, value in sorted(found.items())
    }


def _number(text: str, around: Surroundings) -> int:
    """63 bits of a keyed digest: a subject that is not a citizen."""
    digest = hashlib.blake2b(text.encode(), key=around.secret[:64], digest_size=8).digest()
    return int.from_bytes(digest, "big") & _MASK_63
