"""``puhui settle`` closes business days, ``puhui sponsors`` says whose points paid.

Both prove with ``--check`` that what was handed out is still the same bytes.
"""

import asyncio
import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.clock import utc_now
from app.demo.servers import Found, opened, servers

out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def settle(
    *,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Up to this day; else all due.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Make the files again and compare every byte.")
    ] = False,
) -> None:
    """Close business days; with --check, make their files again and compare every byte."""
    from app.settlement import close_days, regenerate  # reads every room's tables

    wanted: date | None = day.date() if day is not None else None

    async def run(found: Found) -> bool:
        async with opened(found, patient=True) as database:
            if check:
                async with database.snapshot() as tx:
                    told = await regenerate.compare(tx, day=wanted)
                for each in told.differing:
                    out.print(f"不一致 · differs: settlement {each}", markup=False)
                out.print(
                    f"已重算结算单 {told.settlements} 份 · made again: {told.settlements:,}"
                    f" settlements, {len(told.differing):,} differ"
                )
                return not told.differing
            if wanted is None:
                closed = await close_days.close_due(database, clock=utc_now)
            else:
                closed = await close_days.close_through(database, day=wanted, clock=utc_now)
            days = ", ".join(str(each) for each in closed) or "-"
            out.print(f"已结算营业日 · closed: {days}")
            return True

    with servers() as found:
        if not asyncio.run(run(found)):
            raise typer.Exit(1)


def sponsors(
    period: Annotated[str, typer.Argument(help="A month, or a business day: 2026-03, 2026-03-01.")],
    *,
    folder: Annotated[Path, typer.Option("--folder", help="Where the three files are.")] = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the files that are there; write none.")
    ] = False,
) -> None:
    """Write whose points paid for what was redeemed; with --check, compare every byte."""
    from app.settlement import sponsors as room  # reads every room's tables

    try:
        room.period_of(period)
    except ValueError as error:
        raise typer.BadParameter(f"{period}: 2026-03, 2026-03-01") from error

    async def made(found: Found) -> dict[str, bytes]:
        async with opened(found, patient=True) as database, database.snapshot() as tx:
            return await room.report(tx, period=period)

    with servers() as found:
        parts = asyncio.run(made(found))
    missing = json.loads(parts[room.MANIFEST])["unattributed_points"]
    if missing:
        out.print(f"有积分来源不明 · points whose source the book does not say: {missing:,}")
    paths = {folder / f"sponsors-{period}-{name}": content for name, content in parts.items()}
    if check:
        differing = [
            path
            for path, content in paths.items()
            if not path.is_file() or path.read_bytes() != content
        ]
        for path in differing:
            out.print(f"不一致 · differs: {path}", markup=False)
        if differing or missing:
            raise typer.Exit(1)
        out.print(f"{len(paths)} 个文件一致 · {len(paths)} files are the same")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in paths.items():
        path.write_bytes(content)
        out.print(str(path), markup=False, soft_wrap=True)
    if missing:
        raise typer.Exit(1)
