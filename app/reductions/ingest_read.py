"""A file's rows on their way in, read ahead, and those that were not credited on their way out."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from app.intake.files_fields import RefusedRow, RowReader
from app.intake.files_rejects import Reject
from app.intake.files_table import Chunk, Table
from app.reductions.decisions import Outcome, Verdict

Ready = tuple[Chunk, list[Any], list[RefusedRow]]


class Ahead:
    """Reads the next chunk while the last one is delivered.

    Args:
        table: the open file.
        reader: makes records of its rows.
        after: how many rows are done.
        rows: of a chunk.

    """

    def __init__(self, table: Table, reader: RowReader, *, after: int, rows: int) -> None:
        self._chunks = table.chunks(after=after, size=rows)
        self._reader = reader
        self._task = asyncio.create_task(asyncio.to_thread(self._read, self._chunks))

    async def next(self) -> Ready | None:
        """The chunk that was read meanwhile; None at the end of the file."""
        ready = await self._task
        if ready is not None:
            self._task = asyncio.create_task(asyncio.to_thread(self._read, self._chunks))
        return ready

    async def close(self) -> None:
        """Wait for the reading that is under way, and close the file."""
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.exception()
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()

    def _read(self, chunks: Iterator[Chunk]) -> Ready | None:
        chunk = next(chunks, None)
        return None if chunk is None else (chunk, *self._reader.read(chunk.rows))


def rejects_of(chunk: Chunk, outcomes: Sequence[Outcome], *, duplicates: bool) -> list[Reject]:
    """The rows of a chunk that were not credited, in the file's order."""
    kept = {Verdict.held, Verdict.rejected}
    if duplicates:
        kept.add(Verdict.duplicate)
    return [
        Reject(
            row=chunk.rows_before + each.index + 1,
            outcome=each.verdict.value,
            reason=each.reason or "",
            field=each.field or "",
            detail=each.detail or "",
            source=chunk.sources[each.index],
        )
        for each in outcomes
        if each.verdict in kept
    ]
