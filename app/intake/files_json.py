"""JSON lines as rows of text; numbers stay as they are written."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.intake.files_table import BLOCK_BYTES, Chunk, Format, Row, Unreadable, damage, unpacked

_PLACES_MAX = 30


class JsonTable:
    """One JSON object a line; members of an object inside are called ``data.name``."""

    format = Format.jsonl
    columns: tuple[str, ...] | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.delimiter = ""
        first = next(self.chunks(after=0, size=1), None)
        row = first.rows[0] if first is not None else None
        self.first = () if row is None or isinstance(row, Unreadable) else tuple(row)

    def chunks(self, *, after: int, size: int) -> Iterator[Chunk]:
        """Chunks of rows; a line that is not an object is unreadable."""
        rows: list[Row] = []
        sources: list[Any] = []
        row = 0
        with damage(self.path), unpacked(self.path) as (file, raw):
            for line in _lines(file):
                row += 1
                if row <= after:
                    continue
                rows.append(row_of(line))
                sources.append(line.decode("utf-8", "surrogateescape"))
                if len(rows) == size:
                    yield Chunk(row - size, rows, sources, raw.tell())
                    rows, sources = [], []
        if rows:
            yield Chunk(row - len(rows), rows, sources, self.size)


def _lines(file: io.BufferedReader) -> Iterator[bytes]:
    """Lines that are not empty; of one longer than a block, the first block."""
    while line := file.readline(BLOCK_BYTES):
        first = line
        while line and not line.endswith(b"\n"):
            line = file.readline(BLOCK_BYTES)
        if stripped := first.strip():
            yield stripped


def row_of(line: bytes) -> Row:
    """The members of one object, as text; those of an object inside as ``outer.inner``."""
    try:
        found = json.loads(line.decode(), parse_int=str, parse_float=_plain, parse_constant=str)
    except UnicodeDecodeError:
        return Unreadable("not UTF-8")
    except (ValueError, RecursionError):
        return Unreadable("not a line of JSON")
    if not isinstance(found, dict):
        return Unreadable("not a JSON object")
    row: dict[str, str | None] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            row |= {f"{name}.{inner}": _text(each) for inner, each in value.items()}
        else:
            row[name] = _text(value)
    return row


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _plain(number: str) -> str:
    """``1.5e3`` as ``1500``; an absurd exponent stays, and is refused where numbers are read."""
    if "e" not in number and "E" not in number:
        return number
    value = Decimal(number)
    return format(value, "f") if abs(value.adjusted()) <= _PLACES_MAX else number
