"""Door: open a provider's file; its name says what it is."""

from pathlib import Path

from app.intake.files_csv import CsvTable
from app.intake.files_json import JsonTable
from app.intake.files_table import FileProblem, Table


def open_table(path: Path, *, delimiter: str | None = None) -> Table:
    """The table in a file; its name says what it is (a final ``.gz`` is unpacked).

    Args:
        path: a ``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.ndjson`` or ``.parquet`` file.
        delimiter: between the cells of a CSV; None looks at the header.

    Raises:
        FileProblem: not there, of another kind, or without a readable header.

    """
    if not path.is_file():
        raise FileProblem(f"There is no file {path}.", f"文件不存在:{path}。")
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".csv", ".tsv", ".txt")):
        return CsvTable(path, delimiter)
    if name.endswith((".jsonl", ".ndjson")):
        return JsonTable(path)
    if name.endswith(".parquet") and not path.name.lower().endswith(".gz"):
        # polars takes a tenth of a second to import; commands that read no Parquet do without.
        from app.intake.files_parquet import ParquetTable

        return ParquetTable(path)
    raise FileProblem(
        f"{path.name}: only .csv, .tsv, .jsonl, .ndjson (each also .gz) and .parquet can be read.",
        f"{path.name}:仅支持 .csv、.tsv、.jsonl、.ndjson(可加 .gz)与 .parquet。",
    )
