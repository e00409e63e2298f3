"""Door: how far a file has come. Advanced in the transaction that credits a chunk.

A file is known by its bytes (SHA-256), its provider and methodology, and what was said about
it. Whoever holds the row's lock is the only one who may deliver the next chunk.
"""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx
from app.intake.batches import Tally


@dataclass(frozen=True, slots=True)
class FileKey:
    """Which ingest: the file's digest, whose it is, and the digest of the options."""

    digest: str
    provider_id: int
    methodology: str
    options: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows are done, and what became of them."""

    rows_done: int
    tally: Tally


NOTHING = Progress(0, Tally())


async def progress(tx: Tx, *, key: FileKey) -> Progress:
    """How far the file has come; nothing if it has never been begun."""
    row = await (await tx.execute(_READ, _values(key))).fetchone()
    return NOTHING if row is None else _progress(row)


async def lock(tx: Tx, *, key: FileKey, now: datetime) -> Progress:
    """Begin the file if nobody has, and hold it until the transaction ends."""
    await tx.execute(_BEGIN, _values(key) | {"now": now})
    row = await (await tx.execute(_LOCK, _values(key))).fetchone()
    assert row is not None, "it was just begun"
    return _progress(row)


async def advance(tx: Tx, *, key: FileKey, chunk: Tally, now: datetime) -> Progress:
    """Count a chunk that was delivered in this transaction."""
    row = await (
        await tx.execute(
            _ADVANCE,
            _values(key)
            | {
                "rows": chunk.records,
                "credited": chunk.credited,
                "duplicate": chunk.duplicate,
                "held": chunk.held,
                "rejected": chunk.rejected,
                "grams": chunk.grams,
                "points": chunk.points,
                "now": now,
            },
        )
    ).fetchone()
    assert row is not None, "the row is locked by this transaction"
    return _progress(row)


def _values(key: FileKey) -> dict[str, object]:
    return {
        "digest": key.digest,
        "provider": key.provider_id,
        "methodology": key.methodology,
        "options": key.options,
    }


def _progress(row: tuple[int, ...]) -> Progress:
    return Progress(row[0], Tally(*row))


_KEY = """
digest = %(digest)s AND provider_id = %(provider)s AND methodology = %(methodology)s
   AND options = %(options)s
"""
_COUNTS = "rows_done, credited, duplicate, held, rejected, grams, points"
_READ = f"SELECT {_COUNTS} FROM ingest_file WHERE {_KEY}"
_LOCK = f"{_READ} FOR UPDATE"
_BEGIN = f"""
INSERT INTO ingest_file (digest, provider_id, methodology, options, {_COUNTS}, updated_at)
VALUES (%(digest)s, %(provider)s, %(methodology)s, %(options)s, 0, 0, 0, 0, 0, 0, 0, %(now)s)
ON CONFLICT DO NOTHING
"""
_ADVANCE = f"""
UPDATE ingest_file
   SET rows_done = rows_done + %(rows)s, credited = credited + %(credited)s,
       duplicate = duplicate + %(duplicate)s, held = held + %(held)s,
       rejected = rejected + %(rejected)s, grams = grams + %(grams)s,
       points = points + %(points)s, updated_at = %(now)s
 WHERE {_KEY} RETURNING {_COUNTS}
"""
