"""What an act uses up, as keys: the same subject twice in one scope is the same act twice.

Whether a key is taken is the platform's question; here it is only written down.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from methodologies.manifest import Claim, Manifest
from methodologies.replay import Evidence

PLATFORM_SUBJECTS = ("citizen", "household")
"""Subjects that the platform knows and no record names."""
_NO_TEXTS: Mapping[str, str] = MappingProxyType({})
_SLOT = re.compile(r"\{([a-z0-9_]+)\}")


class ClaimKey(NamedTuple):
    """One claim of one act.

    ``subject`` names whose it is: ``("citizen",)`` and ``("household",)`` are for the
    platform to fill in, anything else are the texts of the record, issuer first. ``during``
    is half-open; None is an exact key, which is taken for ever.
    """

    scope: str
    subject: tuple[str, ...]
    facet: str
    during: tuple[datetime, datetime] | None


def claimed(manifest: Manifest, evidence: Evidence, *, provider: str) -> tuple[ClaimKey, ...]:
    """The keys of one act.

    Args:
        manifest: of the methodology.
        evidence: what the reader returned.
        provider: the code of who sent the record, for claims told apart ``within: provider``.
    """
    texts: Mapping[str, str] = _NO_TEXTS
    if _reads_texts(manifest):
        texts = {"provider": provider, **evidence.fields}
        texts |= {name: evidence.get(name, "") for name in _codes(manifest)}
    found = [_key(claim, evidence, texts) for claim in manifest.claims]
    return tuple([key for key in found if key is not None])


@lru_cache(maxsize=1024)
def _reads_texts(manifest: Manifest) -> bool:
    """Whether any claim names something that a record says."""
    return any(each.facet or each.subject not in PLATFORM_SUBJECTS for each in manifest.claims)


@lru_cache(maxsize=1024)
def _codes(manifest: Manifest) -> tuple[str, ...]:
    return tuple(name for name, spec in manifest.inputs.items() if spec.type == "code")


def _key(claim: Claim, evidence: Evidence, texts: Mapping[str, str]) -> ClaimKey | None:
    subject = claim.subject
    named: tuple[str, ...] = (subject,)
    if subject not in PLATFORM_SUBJECTS:
        value = texts.get(subject, "")
        if not value and claim.if_absent == "none":
            return None
        issuer = (texts.get(claim.within, ""),) if claim.within else ()
        named = (*issuer, value) if value else (claim.if_absent,)
    facet = claim.facet
    if "{" in facet:
        facet = _SLOT.sub(lambda slot: texts.get(slot.group(1), ""), facet)
    return ClaimKey(claim.scope, named, facet, _during(claim, evidence))


def _during(claim: Claim, evidence: Evidence) -> tuple[datetime, datetime] | None:
    if claim.during is not None:
        return evidence[claim.during[0]], evidence[claim.during[1]]
    if claim.months:
        return evidence.ended_at, months_later(evidence.ended_at, claim.months)
    return None


def months_later(moment: datetime, months: int) -> datetime:
    """The same day of a later month, or the last day of a month that is too short."""
    index = moment.year * 12 + moment.month - 1 + months
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=index // 12, month=index % 12 + 1, day=day)
        except ValueError:
            continue  # there is no 31st, or no 29th or 30th of February
    return moment.replace(year=index // 12, month=index % 12 + 1)
