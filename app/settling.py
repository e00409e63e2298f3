"""``puhui settle``: close business days, or prove that closed ones are still the same bytes."""

import asyncio
import sys
from datetime import date, datetime
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
