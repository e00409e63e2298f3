"""Read: reductions as a file that anybody can compute again, without us and offline.

The format is `methodologies.recompute`'s: a header with the documents and factor sets by their
SHA-256, then one line for each reduction as it counts now. Corrected reductions name the
version that counts; points and people are not in the file.

Lines are in the order of the reductions' ids, which says nothing: any other order could tell
which acts are one person's, or when they were.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.catalogue.versions import Catalogue, Versions
from app.database import Database, Tx
from app.reductions import shapes
from methodologies import recompute

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reductions: of acts from a day until before another, of one methodology or all."""

    from_on: date = date.min
    until_on: date = date.max
    methodology: str | None = None


async def export(
    tx: Tx, *, write: Callable[[str], object], versions: Versions, wanted: Wanted
) -> int:
    """Stream reductions as lines; memory does not grow with their number.

    Args:
        tx: a snapshot (`Database.snapshot`), so that the file is of one moment.
        write: takes each line, its newline included.
        versions: the catalogue's picture of this moment.
        wanted: which reductions.

    Returns:
        How many reductions were written.

    """
    ids = [
        version_id
        for version_id, version in versions.by_id.items()
        if wanted.methodology in {None, version.methodology.manifest.id}
    ]
    arguments = {"versions": ids, "from": wanted.from_on, "until": wanted.until_on}
    await tx.execute("SET LOCAL statement_timeout = 0")
    used = await (await tx.execute(_USED, arguments)).fetchall()
    write(_header(used, versions) + "\n")
    written = 0
    async with tx.cursor(name="export") as cursor:
        await cursor.execute(_ALL, arguments)
        while chunk := await cursor.fetchmany(CHUNK):
            for row in chunk:
                write(_reduction(row, versions) + "\n")
            written += len(chunk)
    return written


async def export_file(database: Database, *, to: Path, wanted: Wanted) -> int:
    """Write a whole file, of one moment; returns how many reductions it holds."""
    async with database.snapshot() as tx:
        versions = await Catalogue().versions(tx)
        with to.open("w", encoding="utf-8") as file:
            return await export(tx, write=file.write, versions=versions, wanted=wanted)


def _header(used: list[tuple[Any, ...]], versions: Versions) -> str:
    return recompute.header(
        [versions.by_id[each].methodology for each in {row[0] for row in used}],
        [versions.packs[each] for each in {row[1] for row in used}],
    )


def _reduction(row: tuple[Any, ...], versions: Versions) -> str:
    reduction_id, version_id, factor_set_id, occurred_on, grams, names, values = row
    kept = shapes.restored(names, values, occurred_on)
    return recompute.line(
        reduction_id=str(reduction_id),
        methodology=versions.by_id[version_id].methodology.manifest.content_hash,
        factor_set=versions.packs[factor_set_id].content_hash,
        inputs=shapes.inputs_of(kept),
        limits={name: Decimal(value) for name, value in shapes.limits_of(kept).items()},
        waived=shapes.waived_of(kept),
        grams=grams,
    )


_CURRENT = """
  FROM reduction r JOIN input_shape s ON s.id = r.shape_id
  LEFT JOIN LATERAL (
         SELECT c.new_version_id, c.grams_after FROM reduction_correction c
          WHERE c.bucket = r.bucket AND c.account_id = r.account_id AND c.reduction_id = r.id
          ORDER BY c.nth DESC LIMIT 1) AS c ON true
 WHERE r.occurred_on >= %(from)s AND r.occurred_on < %(until)s
   AND coalesce(c.new_version_id, r.version_id) = ANY(%(versions)s::smallint[])
"""
_USED = (
    "SELECT DISTINCT coalesce(c.new_version_id, r.version_id), r.factor_set_id" + _CURRENT
).encode()
_ALL = (
    "SELECT r.id, coalesce(c.new_version_id, r.version_id), r.factor_set_id, r.occurred_on,"
    " coalesce(c.grams_after, r.grams), s.names, r.inputs" + _CURRENT + " ORDER BY r.id"
).encode()
