"""How a chunk is cut: by its citizens' buckets, if no two parts have a thing in common."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from app.catalogue.versions import Versions
from app.database import Tx
from app.ids import bucket_of
from app.intake.records import Record
from app.people import links
from app.people.subjects import digests_of
from app.reductions.decisions import Outcome, Surroundings
from app.reductions.judge import judge_all
from methodologies.claims import PLATFORM_SUBJECTS
from methodologies.manifest import Manifest

Cut = list[tuple[int, list[Record]]]
"""Parts, each with the bucket of its first record."""


async def cut(
    tx: Tx,
    *,
    records: Sequence[Record],
    size: int,
    provider_id: int,
    versions: Versions,
    subject_key: bytes,
    now: datetime,
) -> tuple[Cut, list[Outcome]]:
    """Up to ``size`` parts, each in the file's order; and the answers of records without a citizen.

    Args:
        tx: reads who holds the cards.
        records: of one chunk.
        size: into how many parts; buckets follow each other, so that small cities are shared out.
        provider_id: who sent them.
        versions: the catalogue's picture of this moment.
        subject_key: what card numbers are digested with.
        now: when (UTC).

    """
    buckets, refused = await _buckets(
        tx,
        records,
        provider_id=provider_id,
        versions=versions,
        subject_key=subject_key,
        now=now,
    )
    mine = [each for each in records if each.index in buckets]
    parts: dict[int, list[Record]] = {}
    part_of: dict[tuple[str, str], int] = {}
    for each in mine:
        part = buckets[each.index] % max(size, 1)
        if any(part_of.setdefault(tie, part) != part for tie in ties(each, versions)):
            parts = {0: mine}  # two parts have something in common, and order decides
            break
        parts.setdefault(part, []).append(each)
    return [(buckets[part[0].index], part) for _, part in sorted(parts.items())], refused


async def _buckets(
    tx: Tx,
    records: Sequence[Record],
    *,
    provider_id: int,
    versions: Versions,
    subject_key: bytes,
    now: datetime,
) -> tuple[dict[int, int], list[Outcome]]:
    """The bucket of each record's citizen, by its place; the answers of those without one."""
    cards = {record.subject for record in records}
    subjects = digests_of(subject_key, provider_id=provider_id, subjects=cards)
    holders = await links.holders(tx, provider_id=provider_id, subjects=subjects)
    buckets: dict[int, int] = {}
    unclear: list[Record] = []
    for each in records:
        accounts = {holder.account_id for holder in holders.get(each.subject, ())}
        if len(accounts) == 1:
            buckets[each.index] = bucket_of(accounts.pop())
        else:
            unclear.append(each)
    around = Surroundings(
        provider_id=provider_id,
        secret=subject_key,
        versions=versions,
        holders=holders,
        received_at=now,
    )
    candidates, refused = judge_all(unclear, around)
    buckets |= {each.record.index: bucket_of(each.account_id) for each in candidates}
    return buckets, refused


def ties(record: Record, versions: Versions) -> set[tuple[str, str]]:
    """What the record may have in common with another citizen's: its number, vehicles, orders.

    Read before it is judged, so texts that might come to the same are taken for the same.
    """
    found = {("ref", record.ref)}
    for version in versions.by_methodology.get(record.methodology, ()):
        for name in _shared_names(version.methodology.manifest):
            value = record.data.get(name)
            if value is not None and value != "":
                text = unicodedata.normalize("NFKC", str(value)).casefold()
                found.add((name, "".join(filter(str.isalnum, text)).lstrip("0")))
    return found


@lru_cache(maxsize=512)
def _shared_names(manifest: Manifest) -> frozenset[str]:
    """The fields that name subjects of claims, caps and pasts other than the citizen."""
    names = {claim.subject for claim in manifest.claims}
    names |= {cap.subject for cap in manifest.caps if cap.subject}
    names |= {spec.subject for spec in manifest.history.values()}
    return frozenset(names - set(PLATFORM_SUBJECTS))
