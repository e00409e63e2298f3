"""What an act uses up: intervals of the citizen's own and of shared subjects, and caps' holders.

Values in, values out. A subject that is not the citizen is 63 bits of a keyed digest. A facet of
the citizen's own (the energy of a car that no record names) is a scope of its own, with a number
that follows from its name: so it stands in the act's row, like the scope it is a part of.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
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
from methodologies.moments import us_of
from methodologies.replay import Evidence

_MASK_63 = 2**63 - 1
_INSTANT_US = 1
_SECOND_US = 1_000_000
_SCOPES = 8
"""Numbers of the plain scopes end below it; a facet's are its digest's, this far apart."""
_FACETS = 4_095
_FOR_EVER_US = 0, us_of(datetime(9999, 1, 1, tzinfo=UTC))
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
    manifest: Manifest, evidence: Evidence, account_id: int, ended_us: int, around: Surroundings
) -> tuple[Interval | None, tuple[Interval, ...]]:
    """The interval that stands in the act's own row, if it has one, and all others."""
    plan = _own_plan(manifest)
    if plan is not None:
        scope, first, last, absent = plan
        if evidence[last] is evidence.ended_at and not _names_any(evidence, absent):
            starts_us = _counted(evidence[first], evidence)
            interval = Interval(scope, account_id, starts_us, ended_us, False)
            if _stands_in_its_row(interval, account_id, ended_us):
                return interval, ()
    own: Interval | None = None
    others: list[Interval] = []
    for key in claimed(manifest, evidence, provider=str(around.provider_id)):
        interval = _interval(key, account_id, evidence, ended_us, around)
        if own is None and _stands_in_its_row(interval, account_id, ended_us):
            own = interval
        else:
            others.append(interval)
    return own, tuple(others)


def _names_any(evidence: Evidence, names: tuple[str, ...]) -> bool:
    fields = evidence.fields
    for name in names:  # noqa: SIM110 -- a generator for `any` costs as much as all the rest
        if name in fields or evidence.get(name):
            return True
    return False


@lru_cache(maxsize=512)
def _own_plan(manifest: Manifest) -> tuple[int, str, str, tuple[str, ...]] | None:
    """The usual case, one interval of the citizen's own: its scope, its two moments.

    And what a record must not name for that to be all: order numbers, vehicles.
    """
    named = tuple(each.subject for each in manifest.claims if each.subject not in PLATFORM_SUBJECTS)
    if "provider" in named:
        return None
    left = [
        each for each in manifest.claims if each.subject not in named or each.if_absent != "none"
    ]
    if len(left) != 1:
        return None
    (claim,) = left
    own = claim.subject in PLATFORM_SUBJECTS or claim.if_absent in PLATFORM_SUBJECTS
    if not own or "{" in claim.facet or claim.during is None:
        return None
    return number_of_scope(claim.scope, claim.facet), *claim.during, named


@lru_cache(maxsize=4096)
def number_of_scope(scope: str, facet: str) -> int:
    """A scope's number, or that of one facet of it: 15 bits, which every process knows."""
    number = Scope[scope.replace("-", "_")].value
    if not facet:
        return number
    digest = hashlib.blake2b(facet.encode(), digest_size=8).digest()
    return number + _SCOPES * (1 + int.from_bytes(digest, "big") % _FACETS)


def _stands_in_its_row(interval: Interval, account_id: int, ended_us: int) -> bool:
    """Whether a row can say it: the citizen's own, to the act's end, some whole seconds long."""
    if interval.shared or interval.subject != account_id or interval.ends_us != ended_us:
        return False
    span_us = ended_us - interval.starts_us
    return span_us % _SECOND_US == 0 and 0 < span_us <= OWN_SPAN_S_MAX * _SECOND_US


def _interval(
    key: ClaimKey, account_id: int, evidence: Evidence, ended_us: int, around: Surroundings
) -> Interval:
    """The subject's number: the citizen's own, or 63 bits of a keyed digest."""
    starts_us, ends_us = _FOR_EVER_US
    if key.during is not None:
        first, last = key.during
        ends_us = _counted(last, evidence)
        starts_us = _counted(first, evidence)
    if ends_us <= starts_us:
        ends_us = starts_us + _INSTANT_US
    own = key.subject[0] in PLATFORM_SUBJECTS
    if own and not (key.facet and key.during is None):
        scope = number_of_scope(key.scope, key.facet)
        return Interval(scope, account_id, starts_us, ends_us, shared=False)
    # What is taken for ever needs more than 15 bits: a citizen may have thousands of such facets.
    scope = number_of_scope(key.scope, "")
    named = account_id if own else "\n".join(key.subject)
    subject = _number(f"{scope}\n{key.facet}\n{named}", around)
    return Interval(scope, subject, starts_us, ends_us, shared=not own)


def _counted(moment: datetime, evidence: Evidence) -> int:
    """A moment of an act as a number; its two usual ones were counted when it was read."""
    if moment is evidence.ended_at:
        return evidence.ended_us
    return evidence.started_us if moment is evidence.started_at else us_of(moment)


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
