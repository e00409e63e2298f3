"""How an ingest looks in a terminal: a bar with rows, rows a second, time left and outcomes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from app.checks import Check
from app.intake.batches import Tally
from app.reductions.ingest_file import Report


class _Speed(ProgressColumn):
    """Rows a second since this process began."""

    def render(self, task: Task) -> Text:
        elapsed_ms = int((task.finished_time or task.elapsed or 0) * 1000)
        rows = int(task.fields["rows"]) - int(task.fields["began_at"])
        return Text(f"{rows * 1000 // elapsed_ms if elapsed_ms else 0:,} rows/s", style="cyan")


@contextmanager
def bar(console: Console, what: str) -> Iterator[Callable[[Report], None]]:
    """Show a bar while the block runs; what it yields is told how far the file has come."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        _Speed(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[outcomes]}"),
    )
    with Progress(*columns, console=console, expand=False) as progress:
        task = progress.add_task(what, rows=0, began_at=-1, outcomes="")

        def report(told: Report) -> None:
            tally = told.progress.tally
            if progress.tasks[0].fields["began_at"] < 0:
                progress.update(task, began_at=told.progress.rows_done - told.rows)
            progress.update(
                task,
                total=max(told.size, 1),
                completed=told.position,
                rows=told.progress.rows_done,
                outcomes=(
                    f"[green]credited {tally.credited:,}[/] duplicate {tally.duplicate:,} "
                    f"[yellow]held {tally.held:,}[/] [red]rejected {tally.rejected:,}[/]"
                ),
            )

        yield report


def totals(rows: list[tuple[str, Tally]]) -> Table:
    """What became of each file, and the sum: every row has exactly one outcome."""
    table = Table(title="入账结果 · what became of every row", title_justify="left")
    table.add_column("文件\nfile")
    for name in (
        "行\nrows",
        "入账\ncredited",
        "重复\nduplicate",
        "待审\nheld",
        "拒绝\nrejected",
        "减排\nkg CO2e",
        "积分\npoints",
    ):
        table.add_column(name, justify="right")
    for name, tally in rows:
        table.add_row(name, *_cells(tally))
    if len(rows) > 1:
        table.add_section()
        total = sum((tally for _, tally in rows), Tally())
        table.add_row("合计 · total", *_cells(total), style="bold")
    return table


def checks(found: Sequence[Check]) -> Table:
    """One line a law: how many rows were looked at, how many break it."""
    table = Table(title="核验 · invariants", title_justify="left")
    table.add_column("law")
    table.add_column("rows", justify="right")
    table.add_column("breaches", justify="right")
    for each in found:
        colour = "red" if each.breaches else "green"
        table.add_row(each.name, f"{each.rows:,}", f"[{colour}]{each.breaches:,}[/]")
    return table


def accounted(tally: Tally) -> str:
    """The sum that must come out."""
    return (
        f"{tally.credited:,} credited + {tally.duplicate:,} duplicate + {tally.held:,} held + "
        f"{tally.rejected:,} rejected = {tally.records:,} rows"
    )


def _cells(tally: Tally) -> list[str]:
    kilograms = f"{tally.grams // 1000:,}.{tally.grams % 1000:03}"
    counts = (tally.records, tally.credited, tally.duplicate, tally.held, tally.rejected)
    return [*(f"{count:,}" for count in counts), kilograms, f"{tally.points:,}"]
