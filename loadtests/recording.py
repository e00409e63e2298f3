"""Hear which statements a use case sends, so that another program can send the same ones.

A bench that compares with "the same SQL" must not keep a copy of it: copies grow old. So the
real route is called once on a connection that writes down what is executed; the values that
were sent are then turned into expressions of pgbench.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import make_conninfo

from app.cache import Cache
from app.database import APP_ROLE, Database
from app.main import create_app
from loadtests.stage import Stage, settings_for


@dataclass(frozen=True)
class Sent:
    """One statement and its values."""

    text: str
    values: Any


HEARD: list[Sent] = []


class _Cursor(AsyncCursor[Any]):
    async def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        text = query if isinstance(query, str) else query.decode()
        if not text.startswith("SET TRANSACTION"):  # the one connection stands in for two pools
            HEARD.append(Sent(text, params))
        return await super().execute(query, params, **how)


async def heard(place: Stage, ask: Callable[[httpx.AsyncClient], Any]) -> list[Sent]:
    """Every statement that one request sends, in order; what it did is undone.

    Args:
        place: a city whose service is not needed.
        ask: makes the request, and checks its answer.

    """
    conninfo = make_conninfo(
        place.pair.superuser_url,
        dbname="puhui",
        options=f"-c role={APP_ROLE} -c timezone=UTC -c search_path=public,queue",
    )
    async with await AsyncConnection.connect(
        conninfo, autocommit=True, cursor_factory=_Cursor
    ) as connection:
        with suppress(psycopg.Rollback):
            async with connection.transaction(force_rollback=True):
                app = create_app(
                    settings_for(str(place.home)),
                    database=Database(None, None, single=connection),
                    cache=Cache(None),
                    keys=place.keys,
                    opens=False,
                )
                transport = httpx.ASGITransport(app)
                async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                    HEARD.clear()
                    await ask(client)
                    return list(HEARD)
    raise AssertionError("the request was not made")


def as_script(sent: list[Sent], meaning: Mapping[Any, str]) -> str:
    """The statements as pgbench runs them, one a line.

    Args:
        sent: what was heard.
        meaning: an expression for each value that differs from run to run; other values stay.

    """
    return "\n".join(f"{_written(each, meaning)};" for each in sent)


def _written(sent: Sent, meaning: Mapping[Any, str]) -> str:
    text = " ".join(line for line in _plain_lines(sent.text))
    values = sent.values
    if values is None:
        return text
    for form in ("b", "s", "t"):
        if isinstance(values, Mapping):
            for name, value in values.items():
                text = text.replace(f"%({name}){form}", _expression(value, meaning))
    if not isinstance(values, Mapping):
        parts = text.replace("%b", "%s").replace("%t", "%s").split("%s")
        text = parts[0] + "".join(
            _expression(value, meaning) + part
            for value, part in zip(values, parts[1:], strict=True)
        )
    return text.replace("%%", "%")


def _plain_lines(text: str) -> list[str]:
    return [line.partition("-- ")[0].strip() for line in text.strip().splitlines()]


def _expression(value: Any, meaning: Mapping[Any, str]) -> str:
    """How a value is written: by its meaning, or as psycopg would write it."""
    with suppress(TypeError):  # a list or a mapping has no meaning of its own
        if (said := meaning.get((type(value), value))) is not None:
            return said
    if isinstance(value, list):
        inside = ", ".join(_expression(each, meaning) for each in value)
        return f"ARRAY[{inside}]"
    from psycopg import sql  # only here

    return sql.Literal(value).as_string(None)
