"""``puhui verify``: prove the books; with ``--seals``, that nobody has changed them since."""

import asyncio
import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.clock import utc_now
from app.demo.servers import Found, opened, servers
from app.ledger import seal_kept, seal_verify
from app.ledger.seal_kept import Kept
from app.ledger.seal_verify import Breach, Report
from app.telling import out, told

SHOWN_MAX = 50
"""Breaches that are named; the rest are counted."""
MEANING = {
    "entries_changed": ("账目被改动", "entries were changed or exchanged"),
    "entries_missing": ("账目缺失", "entries are missing"),
    "entries_added": ("账目多出", "entries were added"),
    "entries_unsealed": ("账目未封存", "entries below the watermark have no seal"),
    "seal_changed": ("封条被改动", "the seal does not continue its chain"),
    "seal_missing": ("封条缺失", "the seal is missing"),
    "seal_astray": ("封条无主", "seals belong to no round"),
    "round_changed": ("轮次被改动", "the round does not agree with its seals or its chain"),
    "round_missing": ("轮次缺失", "the round is missing"),
    "day_changed": ("日根被改动", "the day's root does not agree with the chains"),
    "head_lost": ("账本被回退", "was kept elsewhere, and is not in the book any more"),
    "head_rewritten": ("账本被重写", "was kept elsewhere with another chain"),
}


def verify(
    seals: Annotated[bool, typer.Option("--seals", help="Compute every seal again.")] = False,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="With --seals: trust the root of the day before."),
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(help="With --seals: answers of /v1/log/seals or worker's logs you kept."),
    ] = None,
) -> None:
    """Prove every invariant of the books on the live database; exit 1 on any breach."""
    from app.demo import show  # reads every room

    async def prove(found: Found) -> bool:
        async with opened(found, patient=True) as database:
            if not seals:
                stage = show.Stage(database, found.keys, found.home, out, utc_now)
                return await show.prove(stage, table=True)
            began_ns = time.monotonic_ns()
            async with database.snapshot() as tx:
                report = await seal_verify.verify_seals(tx, since=_day(since))
                report.breaches.extend(await seal_kept.compare(tx, kept=heads))
            tell(report, elapsed_ms=max((time.monotonic_ns() - began_ns) // 10**6, 1))
            return not report.breaches

    with told():
        if (since is not None or kept is not None) and not seals:
            raise typer.BadParameter("--since and --kept go with --seals")
        heads = seal_kept.read(kept.read_text(encoding="utf-8")) if kept else Kept()
        if kept and not len(heads):
            raise typer.BadParameter(f"{kept} has no head of the book in it")
        with servers() as found:
            if not asyncio.run(prove(found)):
                raise typer.Exit(1)


def tell(report: Report, *, elapsed_ms: int) -> None:
    """Print what was read, how fast, and what does not agree."""
    if report.breaches:
        table = Table(title="封条不符 · what does not agree", title_justify="left")
        for name in ("bucket", "seal / 轮 round / 日 day", "sealed", "found", "what"):
            table.add_column(name)
        for each in report.breaches[:SHOWN_MAX]:
            table.add_row(*_cells(each))
        out.print(table)
    colour = "red" if report.breaches else "green"
    out.print(
        f"[{colour}]封存核验 puhui verify --seals: {report.entries:,} entries,"
        f" {report.seals:,} seals, {report.rounds:,} rounds, {report.days:,} days,"
        f" {report.tail:,} not sealed yet,"
        f" {len(report.breaches):,} breaches[/] ({elapsed_ms:,} ms,"
        f" {report.entries * 1000 // elapsed_ms:,} entries/s)"
    )


def _cells(breach: Breach) -> tuple[str, ...]:
    zh, en = MEANING[breach.what]
    bucket = "-" if breach.bucket is None else str(breach.bucket)
    return (bucket, str(breach.at), f"{breach.sealed:,}", f"{breach.found:,}", f"{zh} {en}")


def _day(since: datetime | None) -> date | None:
    return None if since is None else since.date()
