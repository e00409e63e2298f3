"""Files as rows of text: every format, every way in which a file can be broken."""

import gzip
import itertools

import polars as pl
import pytest

from app.intake.files_open import open_table
from app.intake.files_table import FileProblem, Unreadable

RIDES = "ref,start,km\nr1,2014-01-01 00:14:00,1.5\nr2,2014-01-01 00:20:00,2\n"


def table_of(folder, name, content, **options):
    """A file with this content, opened."""
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return open_table(path, **options)


def rows_of(table, *, after=0, size=2):
    """Every row, with its number from 1."""
    found = []
    for chunk in table.chunks(after=after, size=size):
        found += itertools.zip_longest(
            range(chunk.rows_before + 1, chunk.rows_before + 1 + len(chunk.rows)), chunk.rows
        )
    return found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", RIDES),
        ("a.csv.gz", RIDES),
        ("bom.csv", "\ufeff" + RIDES),
        ("semicolon.csv", RIDES.replace(",", ";")),
        ("tab.tsv", RIDES.replace(",", "\t")),
        ("windows.csv", RIDES.replace("\n", "\r\n")),
        ("unfinished.csv", RIDES.rstrip("\n")),
        ("blank_lines.csv", "\n\n" + RIDES.replace("\n", "\n\n")),
        ("quoted.csv", RIDES.replace("r1", '"r1"')),
        ("a.jsonl", '{"ref":"r1","start":"2014-01-01 00:14:00","km":1.5}\n\n{"ref":"r2","start":"2014-01-01 00:20:00","km":2}'),
        ("a.ndjson.gz", '{"ref":"r1","start":"2014-01-01 00:14:00","km":1.5}\n{"ref":"r2","start":"2014-01-01 00:20:00","km":2}\n'),
    ],
)  # fmt: skip
def test_each_format_gives_the_same_rows_of_text(tmp_path, name, content):
    """Comma, semicolon, tab, mark of order, packed, JSON lines: the rows are what stands there."""
    table = table_of(tmp_path, name, content)
    assert rows_of(table) == [
        (1, {"ref": "r1", "start": "2014-01-01 00:14:00", "km": "1.5"}),
        (2, {"ref": "r2", "start": "2014-01-01 00:20:00", "km": "2"}),
    ]


def test_a_quoted_line_break_does_not_disturb_the_numbers(tmp_path):
    """A cell may hold line breaks and separators; the next row is still the next row."""
    table = table_of(tmp_path, "a.csv", 'ref,note\nr1,"two\nlines, and a comma"\nr2,x\n')
    assert rows_of(table) == [
        (1, {"ref": "r1", "note": "two\nlines, and a comma"}),
        (2, {"ref": "r2", "note": "x"}),
    ]


def test_broken_rows_are_rows_and_do_not_stop_the_file(tmp_path):
    """Too many cells, too few, bytes that are no text, an endless cell: each is answered by itself."""
    endless = b'r5,"' + b"x" * 200_000 + b'"\n'
    content = b"ref,km\nr1\nr2,1,9\nr3,\xff\xfe\n" + endless + b"r6,2\n"
    found = rows_of(table_of(tmp_path, "a.csv", content))
    assert [number for number, _ in found] == [1, 2, 3, 4, 5]
    assert [row.detail for _, row in found[:3]] == [
        "1 cells instead of 2",
        "3 cells instead of 2",
        "not UTF-8",
    ]
    assert isinstance(found[3][1], Unreadable)
    assert found[4][1] == {"ref": "r6", "km": "2"}


def test_broken_lines_of_json_are_rows_too(tmp_path):
    """Not JSON, not an object, not UTF-8: one answer each, and the file goes on."""
    content = b'{"ref":\n[1]\n{"ref":"\xff"}\n{"ref":"r4","data":{"km":1e1,"ok":true,"no":null}}\n'
    found = rows_of(table_of(tmp_path, "a.jsonl", content))
    assert [row.detail for _, row in found[:3]] == [
        "not a line of JSON",
        "not a JSON object",
        "not UTF-8",
    ]
    assert found[3] == (4, {"ref": "r4", "data.km": "10", "data.ok": "true", "data.no": None})


def test_parquet_values_become_text_always_the_same_way(tmp_path):
    """Dates, instants, decimals, whole numbers and floats are written as they would be in a CSV."""
    frame = pl.DataFrame({"ref": ["r1", None], "n": [7, None], "km": [0.1, 1e-7]})
    frame = frame.with_columns(
        pl.lit("2014-01-01 00:14:00").str.to_datetime().alias("start"),
        pl.lit("1.50").cast(pl.Decimal(10, 2)).alias("kwh"),
    )
    frame.write_parquet(tmp_path / "a.parquet")
    assert rows_of(open_table(tmp_path / "a.parquet")) == [
        (1, {"ref": "r1", "n": "7", "km": "0.1", "start": "2014-01-01T00:14:00", "kwh": "1.50"}),
        (
            2,
            {
                "ref": None,
                "n": None,
                "km": "0.0000001",
                "start": "2014-01-01T00:14:00",
                "kwh": "1.50",
            },
        ),
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("after", [0, 1, 4, 5, 9])
def test_reading_on_gives_the_rest_whatever_the_chunks(tmp_path, kind, after):
    """Skipped rows keep their numbers, and no row is lost or doubled at a chunk's border."""
    frame = pl.DataFrame({"ref": [f"r{n}" for n in range(1, 10)]})
    path = tmp_path / f"a.{kind}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[kind](
        path
    )
    for size in (1, 2, 4, 100):
        found = rows_of(open_table(path), after=after, size=size)
        assert found == [(n, {"ref": f"r{n}"}) for n in range(after + 1, 10)]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.xlsx", b"PK", "can be read"),
        ("empty.csv", b"", "is empty"),
        ("gbk.csv", "编号,里程\n".encode("gbk"), "not UTF-8"),
        ("twins.csv", b"ref,km,km\n", "called `km`"),
        ("a.parquet", b"PAR1 and nothing else", "not a Parquet file"),
        ("cut.csv.gz.cut", b"", "can be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(tmp_path, name, content, words):
    """What is wrong, and what to do, instead of a traceback."""
    with pytest.raises(FileProblem, match=words):
        table_of(tmp_path, name, content)


def test_a_packed_file_that_is_cut_off_says_so(tmp_path):
    """Rows before the damage are read; then a sentence, not an exception of a library."""
    packed = gzip.compress(b"ref\n" + b"".join(b"r%d\n" % n for n in range(200_000)))
    path = tmp_path / "a.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(FileProblem, match="cut off"):
        rows_of(open_table(path), size=1000)


def test_a_missing_file_is_refused(tmp_path):
    """A wrong path is the commonest mistake."""
    with pytest.raises(FileProblem, match="no file"):
        open_table(tmp_path / "none.csv")
