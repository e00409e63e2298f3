"""A Parquet file's typed columns become rows of text, always the same way."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from app.intake.files_table import Chunk, FileProblem, Format, Row, refuse_twins

SLAB_ROWS = 50_000
"""How many rows are unpacked at once; a chunk is a part of it."""


class ParquetTable:
    """A Parquet file, one slab of rows in memory at a time."""

    format = Format.parquet

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._lazy = pl.scan_parquet(path, glob=False)
            schema = self._lazy.collect_schema()
            self.size = int(self._lazy.select(pl.len()).collect().item())
        except (PolarsError, OSError) as error:
            raise FileProblem(
                f"{path.name} is not a Parquet file that can be read ({type(error).__name__}).",
                f"{path.name} 不是可读取的 Parquet 文件。",
            ) from error
        self.delimiter = ""
        self.first = tuple(schema)
        self.columns: tuple[str, ...] | None = self.first
        refuse_twins(path, self.first)

    def chunks(self, *, after: int, size: int) -> Iterator[Chunk]:
        """Chunks of rows; what repeats a row in the rejects file is its number."""
        assert self.columns is not None
        slab_rows = max(SLAB_ROWS // size, 1) * size
        for start in range(after, self.size, slab_rows):
            slab = self._lazy.slice(start, slab_rows).collect()
            texts = [_texts(slab[name]) for name in self.columns]
            for offset in range(0, slab.height, size):
                cut = [column[offset : offset + size] for column in texts]
                rows: list[Row] = [
                    dict(zip(self.columns, cells, strict=True)) for cells in zip(*cut, strict=True)
                ]
                before = start + offset
                sources = range(before + 1, before + 1 + len(rows))
                yield Chunk(before, rows, sources, before + len(rows))


def _texts(column: pl.Series) -> list[str | None]:
    values = column.to_list()
    if column.dtype == pl.String:
        return values
    text = _writer(column.dtype)
    return [None if value is None else text(value) for value in values]


def _writer(kind: pl.DataType) -> Callable[[Any], str]:
    if kind.is_float():
        return _decimal
    if kind == pl.Boolean:
        return lambda value: "true" if value else "false"
    if kind.is_integer() or kind.is_decimal():
        return str
    if kind.is_temporal():
        return _moment
    return lambda value: json.dumps(value, ensure_ascii=False, default=str)


def _decimal(value: Any) -> str:
    """The shortest decimal that is this binary number; infinities and NaN by name."""
    number = Decimal(repr(value))
    return format(number, "f") if number.is_finite() else str(number)


def _moment(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
