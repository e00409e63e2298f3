"""``puhui``: the operator's tool. Knows every room; no room knows it.

A command finds its servers in the settings, or runs the embedded ones for as long as it lives.
What goes wrong is said in a sentence on standard error (`app.telling`).
"""

import asyncio
import logging
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from app import logs, migrations, settling
from app.authoring import author, replay
from app.citus import schema
from app.clock import utc_now
from app.demo.servers import Found, opened, servers
from app.enrolling import officer_cli, rotate_signing
from app.sealing import keys
from app.settings import Settings
from app.telling import end, out, quiet_about_the_driver, told
from app.verifying import verify

cli = typer.Typer(
    help="普惠 Puhui: acts become verified grams, grams become points, points buy coffee.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.callback()
def _quietly() -> None:
    """Warnings only, on standard error; a server says more."""
    logs.configure(level=logging.WARNING)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # what fails is told once, below


def _refuse_in_production(settings: Settings, what: str) -> None:
    if settings.environment == "production":
        end(1, f"{what} 仅限开发环境使用。", f"{what} is for development only.")


@cli.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="PUHUI_PORT, or 8000.")] = None,
    worker: Annotated[bool, typer.Option(help="Run the background work too.")] = True,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that serve: PUHUI_WORKERS, or 1.")
    ] = None,
) -> None:
    """Serve the API, and do the background work, until Ctrl-C."""
    from app.demo import serving, supervising  # the web framework; others start without it

    with told(), serving.socket_on(host, port or Settings().port) as listening, servers() as found:
        logs.configure()
        _migrate_embedded(found)
        if (processes := workers or found.settings.workers) > 1:
            supervising.supervise(
                found, listening=listening, processes=processes, background=worker
            )
            return
        serving.serve(
            found.settings,
            listening=listening,
            database_url=found.database_url,
            redis_url=found.redis_url,
            worker_url=found.worker_url if worker else None,
        )


@cli.command("worker")
def work() -> None:
    """Do the background work: late coupons, messages, partitions."""
    from app import worker as background  # the job queue; other commands start without it

    with told(), servers() as found:
        logs.configure()
        asyncio.run(background.work(found.settings, database_url=found.worker_url))


@cli.command()
def migrate() -> None:
    """Bring the database's schema to this version of the code."""
    with told(), servers() as found:
        migrations.migrate(found.owner_url)
        out.print("数据库结构已是最新 · the schema is current")


@cli.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Do everything but serve.")] = False,
    port: Annotated[int | None, typer.Option(help="PUHUI_PORT, or 8000.")] = None,
) -> None:
    """Build a demo city, credit real trips, prove the books, and serve."""
    from app.demo import serving, show  # the demo's own; nothing else needs them

    with told(), ExitStack() as stack:
        settings = Settings()
        _refuse_in_production(settings, "puhui demo")
        number = port or settings.port
        taken = None if once else stack.enter_context(serving.socket_on("127.0.0.1", number))
        found = stack.enter_context(servers())
        migrations.migrate(found.owner_url)
        folder = found.home / "demo"
        folder.mkdir(exist_ok=True)

        async def play() -> bool:
            async with opened(found, patient=True) as database:
                stage = show.Stage(database, found.keys, folder, out, utc_now)
                await show.show(stage)
                sound = await show.prove(stage)
                await show.tell_what_to_try(stage, port=number)
                return sound

        if not asyncio.run(play()):
            raise typer.Exit(1)
        if taken is not None:
            out.print("按 Ctrl-C 停止 · Ctrl-C stops it")
            serving.serve(
                found.settings,
                listening=taken,
                database_url=found.database_url,
                redis_url=found.redis_url,
                worker_url=found.worker_url,
            )


@cli.command()
def ingest(
    *,
    file: Annotated[Path, typer.Argument(help=".csv .tsv .jsonl (also .gz) or .parquet")],
    provider: Annotated[str, typer.Option(help="Whose file it is: the provider's code.")],
    methodology: Annotated[str, typer.Option(help="Evidence for what, such as bike_ride.")],
    map_: Annotated[list[str], typer.Option("--map", help="field=column, or a YAML file.")] = [],  # noqa: B006 - typer copies it
    const: Annotated[list[str], typer.Option(help="field=value, the same in every row.")] = [],  # noqa: B006 - the same
    zone: Annotated[str | None, typer.Option(help="Of times without an offset.")] = None,
    time_format: Annotated[str | None, typer.Option(help="Such as %d.%m.%Y %H:%M")] = None,
    decimal_comma: Annotated[bool, typer.Option("--decimal-comma", help="0,87")] = False,
    delimiter: Annotated[str | None, typer.Option(help="Of a CSV; else the header tells.")] = None,
    shift_days: Annotated[int, typer.Option(help="Move all times; development only.")] = 0,
    chunk: Annotated[int, typer.Option(min=1, max=5_000, help="Rows of a transaction.")] = 1_000,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected rows go.")] = None,
    no_rejects: Annotated[bool, typer.Option("--no-rejects", help="Keep none.")] = False,
    duplicates_too: Annotated[bool, typer.Option("--duplicates-too")] = False,
    again: Annotated[bool, typer.Option("--again", help="Deliver a finished file again.")] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes; by itself, as the file is large.")
    ] = None,
) -> None:
    """Credit a file; safe to run again, to kill and to resume. Every row gets an outcome."""
    from app.demo import ingesting  # reads files; other commands start without it

    wish = ingesting.Wish(
        path=file,
        provider=provider,
        methodology=methodology,
        pairs=tuple(map_),
        constants=tuple(const),
        zone=zone,
        time_format=time_format,
        comma=decimal_comma,
        delimiter={"\\t": "\t", "tab": "\t"}.get(delimiter or "", delimiter),
        shift_days=shift_days,
        chunk_rows=chunk,
        rejects=rejects,
        keeps_rejects=not no_rejects,
        duplicates_too=duplicates_too,
        again=again,
        workers=workers,
    )
    with told():
        if shift_days:
            _refuse_in_production(Settings(), "--shift-days")
        with servers() as found:
            _migrate_embedded(found)
            asyncio.run(ingesting.ingest(found, wish, out))


@cli.command()
def token(
    who: Annotated[str, typer.Option("--as", help="citizen:lin, merchant:xijin-coffee, ...")],
    hours: Annotated[int, typer.Option(min=1, max=24 * 30)] = 24,
) -> None:
    """Print a token for development: citizen:NAME, merchant:CODE, provider:CODE, officer:NAME."""
    from app.demo import signing  # reads the rooms that know people

    with told():
        _refuse_in_production(Settings(), "puhui token")
        with servers() as found:

            async def sign() -> str:
                async with opened(found) as database, database.reading() as tx:
                    life = timedelta(hours=hours)
                    return await signing.token(
                        tx, who=who, key=found.keys.token, life=life, now=utc_now()
                    )

            sys.stdout.write(asyncio.run(sign()) + "\n")


@cli.command()
def openapi(
    write: Annotated[Path | None, typer.Option(help="A file instead of the screen.")] = None,
) -> None:
    """Print the OpenAPI document."""
    from app.demo import serving  # the web framework; other commands start without it

    text = serving.openapi_text()
    if write is None:
        sys.stdout.write(text)
    else:
        write.write_text(text, encoding="utf-8")


def _migrate_embedded(found: Found) -> None:
    """A database of our own is brought up to date; somebody else's is their decision."""
    if found.settings.database.url is None:
        migrations.migrate(found.owner_url)


@cli.command()
def export(
    to: Annotated[Path, typer.Argument(help="The file to write, JSON lines.")],
) -> None:
    """Write reductions for `puhui replay`: inputs, documents, factors and grams, no persons."""
    from app.reductions.export import Wanted, export_file  # reads every room's tables

    async def write(found: Found) -> int:
        async with opened(found, patient=True) as database:
            return await export_file(database, to=to, wanted=Wanted())

    with told(), servers() as found:
        out.print(f"{to}: {asyncio.run(write(found)):,} reductions")


cli.add_typer(author, name="methodology")
keys.command("rotate-signing")(rotate_signing)
cli.add_typer(keys, name="keys")
cli.add_typer(officer_cli, name="officer")
cli.command("replay")(replay)
cli.command("schema")(schema)
cli.command("verify")(verify)
cli.command("settle")(told()(settling.settle))
cli.command("sponsors")(told()(settling.sponsors))


def run() -> None:
    """The entry point ``puhui``."""
    sys.unraisablehook = quiet_about_the_driver
    cli()


if __name__ == "__main__":
    run()
