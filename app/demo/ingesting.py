"""``puhui ingest``: what was typed becomes an order, and the order's end a table."""

import os
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app import memory
from app.catalogue.versions import Catalogue
from app.clock import utc_now
from app.demo import bar
from app.demo.servers import Found, opened
from app.intake import files_map, providers
from app.intake.files_fields import RowReader
from app.intake.files_map import FileMap
from app.intake.files_open import open_table
from app.intake.files_rejects import Rejects, path_beside
from app.intake.files_table import FileProblem, Table
from app.lanes import LaneMap
from app.reductions.ingest_file import Finished, Order, ingest_file
from methodologies.manifest import Manifest

LARGE_BYTES = 4_000_000
WORKERS_MAX = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed."""

    path: Path
    provider: str
    methodology: str
    pairs: tuple[str, ...]
    constants: tuple[str, ...]
    zone: str | None
    time_format: str | None
    comma: bool
    delimiter: str | None
    shift_days: int
    chunk_rows: int
    rejects: Path | None
    keeps_rejects: bool
    duplicates_too: bool
    again: bool
    workers: int | None = None


async def ingest(found: Found, wish: Wish, console: Console) -> None:
    """Do it, with a bar, and say what became of every row.

    Raises:
        FileProblem: the file, the map or the methodology cannot be used.
        DatabaseAway: PostgreSQL went away in the middle.

    """
    table = open_table(wish.path, delimiter=wish.delimiter)
    async with opened(found) as database:
        async with database.reading() as tx:
            provider = await providers.by_code(tx, code=wish.provider)
            versions = (await Catalogue().versions(tx)).by_methodology
        if wish.methodology not in versions:
            known = ", ".join(sorted(versions))
            raise FileProblem(
                f"There is no methodology `{wish.methodology}`; there are {known}.",
                f"没有方法学 {wish.methodology};现有:{known}。",
            )
        manifest = versions[wish.methodology][0].methodology.manifest
        file_map = file_map_of(wish, table, manifest)
        rejects = None
        if wish.keeps_rejects:
            rejects = Rejects(table, wish.rejects or path_beside(wish.path))
            rejects.ensure_writable()
        order = Order(
            table=table,
            file_map=file_map,
            reader=RowReader(file_map, manifest),
            provider_id=provider.id,
            methodology=wish.methodology,
            subject_key=found.keys.subject,
            rejects=rejects,
            duplicates_too=wish.duplicates_too,
            chunk_rows=wish.chunk_rows,
            again=wish.again,
            lanes=LaneMap(found.settings.lanes),
            workers=1 if found.settings.lanes else wish.workers or workers_for(wish.path),
            settings=found.settings.database,
            url=found.database_url,
        )
        if wish.shift_days:
            console.print(
                f"[yellow]日期平移 {wish.shift_days:+} 天,仅供演示 · all times are moved by "
                f"{wish.shift_days:+} days: a demonstration, not evidence[/]"
            )
        memory.settle()
        with bar.bar(console, wish.path.name) as report:
            done = await ingest_file(database, order, clock=utc_now, report=report)
    _tell(done, order, console)


def workers_for(path: Path) -> int:
    """As many processes as there are processors, up to four; one where starting them costs more."""
    if path.stat().st_size < LARGE_BYTES:
        return 1
    return min(os.cpu_count() or 1, WORKERS_MAX)


def file_map_of(wish: Wish, table: Table, manifest: Manifest) -> FileMap:
    """The complete map: typed pairs, a YAML file, or columns that are called like fields.

    Raises:
        FileProblem: neither fits the file and the methodology.

    """
    files = [pair for pair in wish.pairs if "=" not in pair]
    if files and (len(wish.pairs) > 1 or wish.constants):
        raise FileProblem(
            "Give one YAML file with --map, or pairs, not both.",
            "--map 只能给一个 YAML 文件,或若干键值对。",
        )
    if files:
        try:
            text = Path(files[0]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FileProblem(
                f"The map {files[0]} cannot be read ({error}). A pair is field=column.",
                f"无法读取映射文件 {files[0]};键值对写作 字段=列名。",
            ) from error
        file_map = files_map.from_yaml(text)
    elif wish.pairs:
        file_map = files_map.from_pairs(wish.pairs, wish.constants)
    else:
        file_map = files_map.by_name(table.columns, table.first, manifest)
    files_map.ensure_columns(file_map, table.columns)
    return files_map.completed(
        file_map,
        manifest,
        zone=wish.zone,
        time_format=wish.time_format,
        comma=wish.comma,
        shift_days=wish.shift_days,
    )


def _tell(done: Finished, order: Order, console: Console) -> None:
    if done.already:
        console.print(
            "此前已入账,未作改动 · already ingested, nothing changed (--again delivers it again)"
        )
    tally = done.progress.tally
    console.print(bar.totals([(order.table.path.name, tally)]))
    console.print(f"每一行都有去处 every row is accounted for: {bar.accounted(tally)}")
    if order.rejects is not None and order.rejects.path.exists():
        console.print(f"未入账的行 rows not credited: {order.rejects.path}", soft_wrap=True)
