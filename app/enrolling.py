"""``puhui officer`` and ``puhui keys``: who may work for the programme, and what signs tokens."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from app.clock import utc_now
from app.database import Tx
from app.demo.servers import Found, opened, servers
from app.people.offices import Office
from app.people.register import officer
from app.sign_in import key_ring, officers
from app.telling import out, told

ACTOR = "operator:cli"

officer_cli = typer.Typer(help="Officers: add one, shut one out.", no_args_is_help=True)
keys_cli = typer.Typer(help="The keys that tokens are signed with.", no_args_is_help=True)
_T = TypeVar("_T")


@officer_cli.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Under which the officer signs in.")],
    office: Annotated[Office, typer.Option("--office", help="What they are trusted with.")],
) -> None:
    """Make an officer known; prints the one-time code with which they set their password."""

    async def invite(tx: Tx, _: Found) -> str:
        return await officers.invite(tx, name=name, office=office, actor=ACTOR, now=utc_now())

    code = _write(invite)
    out.print("激活码三天内有效,仅显示一次 · The code is good once, for three days:")
    sys.stdout.write(code + "\n")


@officer_cli.command("shut-out")
def shut_out(name: Annotated[str, typer.Argument(help="Who may not sign in any more.")]) -> None:
    """End an officer's sessions, and let no password open another."""

    async def shut(tx: Tx, _: Found) -> None:
        found = await officer(tx, name=name)
        await officers.shut_out(tx, officer_id=found, actor=ACTOR, now=utc_now())

    _write(shut)
    out.print(f"{name}: 已停用 · shut out")


@keys_cli.callback()
def _keys() -> None:
    """Say the verb also where there is one: `puhui keys rotate`."""


@keys_cli.command("rotate")
def rotate() -> None:
    """Make a new signing key: every process knows it before it signs; the old one runs out."""

    async def turn(tx: Tx, found: Found) -> str:
        return await key_ring.rotate(tx, secret=found.keys.subject, actor=ACTOR, now=utc_now())

    out.print(f"新的签名密钥 · new signing key: {_write(turn)}")


def _write(step: Callable[[Tx, Found], Awaitable[_T]]) -> _T:
    async def run(found: Found) -> _T:
        async with opened(found) as database, database.writing() as tx:
            return await step(tx, found)

    with told(), servers() as found:
        return asyncio.run(run(found))
