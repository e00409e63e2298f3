"""Whether code keeps its hands to itself: no network, no file, no clock, no chance.

This watches an author's own code on the author's own machine. It is a check, not a sandbox:
plug-ins are code that an operator has chosen to trust.
"""

import builtins
import datetime as dt
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NoReturn
from unittest.mock import patch

from methodologies.contract import Plugin
from methodologies.trials import acts_of

ACTS = 20


class Impure(BaseException):
    """The code reached for the outside; not an `Exception`, so that it cannot be swallowed."""


def impurities(plugin: Plugin) -> Iterator[str]:
    """What a plug-in reaches for while it computes; nothing if it is pure."""
    acts = list(acts_of(plugin, ACTS))
    try:
        with outside_blocked(plugin.run):
            for evidence, context in acts:
                plugin.quantify(evidence, context)
    except Impure as reached:
        yield f"reaches for {reached} while it computes"


@contextmanager
def outside_blocked(run: Any) -> Iterator[None]:
    """Block sockets, files, clocks and chance for everybody, and in a function's own module.

    Never in a process that serves others: it blocks them too.
    """
    blocked: dict[int, Any] = {}
    with ExitStack() as stack:
        for owner, names in _OUTSIDE:
            for name in names:
                original = getattr(owner, name)
                refuse = _refusal(f"{getattr(owner, '__name__', owner)}.{name}")
                blocked[id(original)] = refuse
                stack.enter_context(patch.object(owner, name, refuse))
        for kind in (dt.datetime, dt.date):
            blocked[id(kind)] = _without_clock(kind)
            stack.enter_context(patch.object(dt, kind.__name__, blocked[id(kind)]))
        module = getattr(run, "__globals__", {})
        for name, value in list(module.items()):
            if id(value) in blocked:
                stack.enter_context(patch.dict(module, {name: blocked[id(value)]}))
        yield


_OUTSIDE: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (builtins, ("open",)),
    (socket, ("socket", "create_connection", "getaddrinfo")),
    (time, ("time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime")),
    (random, ("random", "randint", "choice", "randrange")),
)


def _refusal(name: str) -> Any:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise Impure(name)

    return refuse


def _without_clock(kind: Any) -> Any:
    """The same class, whose clock is broken."""
    names = ("now", "utcnow", "today")
    clocks: dict[str, Any] = {
        name: classmethod(_refusal(f"{kind.__name__}.{name}")) for name in names
    }
    return type(kind.__name__, (kind,), clocks)
