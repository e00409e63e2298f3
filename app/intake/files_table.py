"""What a provider's file is, whatever its format: rows of text, a chunk at a time.

A row is what stands in the file, column by column, as text; nothing is corrected. A row that
cannot be read is still a row: it is numbered, and answered with what is wrong with it.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

BLOCK_BYTES = 1 << 20
"""The longest line that is read in one piece."""


class FileProblem(Exception):
    """The file, or what was said about it, cannot be used: what is wrong, in two languages."""

    exit_code = 1

    def __init__(self, detail: str, detail_zh: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.detail_zh = detail_zh


class Format(StrEnum):
    """What a file is, and how its rejects file ends."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be taken apart, and why."""

    detail: str


Row = Mapping[str, str | None] | Unreadable


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows.

    Attributes:
        rows_before: how many rows of the file come before; rows are counted from 1, the
            header and empty lines are none.
        rows: column by column, or why not.
        sources: what the rejects file repeats of each row.
        position: how far into the file this is, in the unit of the table's `size`.

    """

    rows_before: int
    rows: Sequence[Row]
    sources: Sequence[Any]
    position: int


class Table(Protocol):
    """A file whose rows can be asked for.

    Attributes:
        columns: those every row has; None where each row names its own.
        first: the names in the header, or in the first row.
        size: how large it is, in the unit of `Chunk.position`.
        delimiter: between the cells of a CSV.

    """

    path: Path
    format: Format
    columns: tuple[str, ...] | None
    first: tuple[str, ...]
    size: int
    delimiter: str

    def chunks(self, *, after: int, size: int) -> Iterator[Chunk]:
        """Chunks of ``size`` rows, without the first ``after`` rows of the file."""
        ...


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal: the file's identity here."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[io.BufferedReader, BinaryIO]]:
    """The bytes of a file, unpacked if need be, and the handle that knows how far it is."""
    with path.open("rb") as raw:
        if path.name.lower().endswith(".gz"):
            # GzipFile is not a RawIOBase by its types, and one in fact.
            yield io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=raw))), raw
        else:
            yield raw, raw


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Say in a sentence that a packed file is cut off or damaged."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileProblem(
            f"{path.name} is damaged or cut off ({error}); fetch it again. What is done stays.",
            f"{path.name} 已损坏或不完整,请重新获取;已提交的行保持不变。",
        ) from error


def refuse_twins(path: Path, names: Sequence[str]) -> None:
    """Refuse two columns of one name: nobody could say which is meant.

    Raises:
        FileProblem: with the name.

    """
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            raise FileProblem(
                f"Two columns of {path.name} are called `{name}`; rename one.",
                f"{path.name} 有两列同名 {name},请改名。",
            )
        seen.add(name)
