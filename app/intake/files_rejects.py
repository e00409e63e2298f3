"""The rejects file: rows that were not credited, as they stood in the file, and why.

While a file is read, they are kept in a journal beside the result (one JSON array a line),
which is on disk before the chunk that they belong to is committed. Lines of rows that were
never committed are cut off when the ingest goes on. At the end the journal becomes a file in
the input's own format, at once.
"""

import csv
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.intake.files_table import FileProblem, Format, Table

COLUMNS = ("puhui_row", "puhui_outcome", "puhui_reason", "puhui_field", "puhui_detail")
JOURNAL = ".unfinished"


@dataclass(frozen=True, slots=True)
class Reject:
    """One row: its number from 1, its outcome and why, and what stood in the file."""

    row: int
    outcome: str
    reason: str
    field: str
    detail: str
    source: Any


def path_beside(path: Path) -> Path:
    """``rides.csv.gz`` -> ``rides.rejects.csv``, in the same folder."""
    name = path.name.removesuffix(".gz").removesuffix(".GZ")
    return path.with_name(f"{Path(name).stem}.rejects{Path(name).suffix.lower()}")


class Rejects:
    """The rejects file of one ingest.

    Args:
        table: whose rows they are.
        path: where the result goes.

    """

    def __init__(self, table: Table, path: Path) -> None:
        self.path = path
        self.journal = path.with_name(path.name + JOURNAL)
        self._table = table
        self._known = (-1, -1)  # size of the journal and rows done when we last wrote it

    def ensure_writable(self) -> None:
        """Refuse a place where nothing can be written, before anything is credited.

        Raises:
            FileProblem: with the way out.

        """
        try:
            # The journal itself is not touched: another process may be at this file already.
            with tempfile.TemporaryFile(dir=self.path.parent):
                pass
            if self.journal.exists():
                with self.journal.open("ab"):
                    pass
        except OSError as error:
            raise FileProblem(
                f"The rejects file cannot be written to {self.path} ({error.strerror}); give "
                "another place with --rejects PATH, or --no-rejects.",
                f"无法写入 {self.path}({error.strerror});请用 --rejects 指定其他位置,"
                "或使用 --no-rejects。",
            ) from error

    def note(self, *, rows_before: int, rows_after: int, rejects: Sequence[Reject]) -> None:
        """Put a chunk's rejects on disk; called while the file's row is locked, before commit.

        Args:
            rows_before: how many rows are committed; whatever the journal says beyond is cut.
            rows_after: how many will be.
            rejects: of this chunk, in the order of the file.

        """
        lines = "".join(f"{json.dumps(_written(each))}\n" for each in rejects).encode()
        with self.journal.open("ab") as file:
            if self._known != (file.tell(), rows_before):
                file.truncate(_committed_bytes(self.journal, rows_before))
                file.seek(0, os.SEEK_END)
            if lines:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            self._known = (file.tell(), rows_after)

    def finish(self, *, rows_done: int) -> bool:
        """Turn the journal into the rejects file; whether there was a journal to turn.

        Two processes may come to the end of one file at the same moment: one of them does it,
        the other waits, and finds it done.
        """
        with _alone_with(self.journal) as there:
            if not there:
                return False
            os.truncate(self.journal, _committed_bytes(self.journal, rows_done))
            draft = self.path.with_name(self.path.name + ".draft")
            _WRITERS[self._table.format](self._table, self.journal, draft)
            draft.replace(self.path)
            self.journal.unlink()
        return True


@contextmanager
def _alone_with(journal: Path) -> Iterator[bool]:
    """Keep others from a journal; whether it is still there once we have it to ourselves.

    The kernel lets go of the lock however the process ends.
    """
    try:
        file = journal.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            now = journal.stat()
        except FileNotFoundError:
            yield False
            return
        yield os.path.samestat(now, os.fstat(file.fileno()))


def _written(reject: Reject) -> list[Any]:
    return [
        reject.row, reject.outcome, reject.reason, reject.field, reject.detail, reject.source
    ]  # fmt: skip


def _committed_bytes(journal: Path, rows_done: int) -> int:
    """How much of the journal is about rows that are done; a torn line is not."""
    good = last = 0
    with journal.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)[0] if line.endswith(b"\n") else 0
            except (ValueError, IndexError, TypeError):
                break
            if not (isinstance(row, int) and last < row <= rows_done):
                break
            good, last = good + len(line), row
    return good


def _entries(journal: Path) -> Iterator[tuple[list[str], Any]]:
    with journal.open("rb") as file:
        for line in file:
            *facts, source = json.loads(line)
            yield [str(fact) for fact in facts], source


def _write_csv(table: Table, journal: Path, draft: Path) -> None:
    """The same columns, and ours behind them; bytes that were not UTF-8 come out as they were."""
    columns = table.first
    with draft.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, delimiter=table.delimiter, lineterminator="\n")
        writer.writerow([*columns, *COLUMNS])
        for facts, source in _entries(journal):
            cells = source if isinstance(source, list) else []
            if beyond := cells[len(columns) :]:
                facts[-1] = f"{facts[-1]}; beyond the last column: {' | '.join(beyond)}"
            missing = [""] * (len(columns) - len(cells))
            writer.writerow([*cells[: len(columns)], *missing, *facts])


def _write_jsonl(table: Table, journal: Path, draft: Path) -> None:
    """The same line, with our members put in at its end; a line that is no object is a text."""
    with draft.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        for facts, source in _entries(journal):
            ours: dict[str, str | int] = dict(zip(COLUMNS, facts, strict=True))
            ours["puhui_row"] = int(facts[0])
            body = source[:-1].rstrip() if _is_object(source) else '{"puhui_line": ' + _json(source)
            comma = "" if body.endswith("{") else ", "
            file.write(f"{body}{comma}{_json(ours)[1:]}\n")


def _write_parquet(table: Table, journal: Path, draft: Path) -> None:
    """The same rows with the same types, found again by their number."""
    import polars as pl  # a tenth of a second, for Parquet alone

    facts = [facts for facts, _ in _entries(journal)]
    columns = list(zip(*facts, strict=True)) or [()] * len(COLUMNS)
    ours = pl.DataFrame(
        {name: list(values) for name, values in zip(COLUMNS, columns, strict=True)},
        schema=dict.fromkeys(COLUMNS, pl.String),
    ).with_columns(pl.col("puhui_row").cast(pl.Int64))
    rows = pl.scan_parquet(table.path, glob=False).with_row_index("puhui_row", offset=1)
    found = rows.with_columns(pl.col("puhui_row").cast(pl.Int64)).join(
        ours.lazy(), on="puhui_row", how="inner", maintain_order="right"
    )
    found.select([*table.first, *COLUMNS]).collect().write_parquet(draft)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_WRITERS = {
    Format.csv: _write_csv,
    Format.jsonl: _write_jsonl,
    Format.parquet: _write_parquet,
}
