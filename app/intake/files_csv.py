"""CSV as rows of text: comma, semicolon or tab, whatever the header says."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.intake.files_table import (
    BLOCK_BYTES,
    Chunk,
    FileProblem,
    Format,
    Row,
    Unreadable,
    damage,
    refuse_twins,
    unpacked,
)

DELIMITERS = (",", ";", "\t")


class CsvTable:
    """Comma, semicolon or tab separated text, UTF-8 with or without a byte order mark."""

    format = Format.csv

    def __init__(self, path: Path, delimiter: str | None) -> None:
        self.path = path
        self.size = path.stat().st_size
        with damage(path), unpacked(path) as (file, _):
            head = file.readline(BLOCK_BYTES)
            while head and not head.strip():
                head = file.readline(BLOCK_BYTES)
        self.delimiter = delimiter or _delimiter(head)
        with damage(path), unpacked(path) as (file, _):
            header = next(self._records(file), None)
        self.first = self._checked(header)
        self.columns: tuple[str, ...] | None = self.first

    def chunks(self, *, after: int, size: int) -> Iterator[Chunk]:
        """Chunks of rows; a row with too many or too few cells is unreadable."""
        assert self.columns is not None
        columns, width = self.columns, len(self.columns)
        rows: list[Row] = []
        sources: list[Any] = []
        row = -1
        with damage(self.path), unpacked(self.path) as (file, raw):
            for cells in self._records(file):
                row += 1  # the header is row 0
                if row <= after:
                    continue
                sources.append(cells)
                if isinstance(cells, str):
                    rows.append(Unreadable(cells))
                elif len(cells) != width:
                    rows.append(Unreadable(f"{len(cells)} cells instead of {width}"))
                elif not _is_text(cells):
                    rows.append(Unreadable("not UTF-8"))
                else:
                    rows.append(dict(zip(columns, cells, strict=True)))
                if len(rows) == size:
                    yield Chunk(row - size, rows, sources, raw.tell())
                    rows, sources = [], []
        if rows:
            yield Chunk(row - len(rows), rows, sources, self.size)

    def _records(self, file: io.BufferedReader) -> Iterator[list[str] | str]:
        """Records, or what is wrong with one; empty lines are none."""
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        reader = csv.reader(text, delimiter=self.delimiter)
        try:
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield str(error)
                    continue
                if cells:
                    yield cells
        finally:
            text.detach()

    def _checked(self, header: list[str] | str | None) -> tuple[str, ...]:
        if header is None:
            raise FileProblem(f"{self.path.name} is empty.", f"{self.path.name} 是空文件。")
        if isinstance(header, str) or not _is_text(header) or any("\0" in name for name in header):
            raise FileProblem(
                f"The header of {self.path.name} is not UTF-8; convert the file first, for example "
                "with `iconv -f GB18030 -t UTF-8`.",
                f"{self.path.name} 的表头不是 UTF-8 编码,请先用 iconv -f GB18030 -t UTF-8 转换。",
            )
        refuse_twins(self.path, header)
        return tuple(header)


def _delimiter(head: bytes) -> str:
    """What separates the header's cells: whichever stands there most often."""
    text = head.decode("utf-8", "replace")
    return max(DELIMITERS, key=text.count)


def _is_text(cells: Sequence[str]) -> bool:
    """Whether every byte was UTF-8; what was not is kept as lone surrogates."""
    text = "".join(cells)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
