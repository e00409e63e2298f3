"""The states of a methodology version, and which may follow which. Pure.

::

    draft -> checked -> dry_run <-> shadow -> submitted -> approved -> scheduled -> active
                                                                active -> superseded
      one officer stops: active, superseded -> suspended; two resume: suspended -> active
      withdrawn ends everything; what was in force is withdrawn by two
"""

from collections.abc import Mapping
from enum import StrEnum

from app.catalogue.errors import WrongState


class State(StrEnum):
    """How far a version is."""

    draft = "draft"
    checked = "checked"
    dry_run = "dry_run"
    shadow = "shadow"
    submitted = "submitted"
    approved = "approved"
    scheduled = "scheduled"
    active = "active"
    superseded = "superseded"
    suspended = "suspended"
    withdrawn = "withdrawn"


MOVES: Mapping[State, tuple[State, ...]] = {
    State.draft: (State.checked, State.active),
    State.checked: (State.dry_run, State.shadow, State.withdrawn),
    State.dry_run: (State.shadow, State.submitted, State.withdrawn),
    State.shadow: (State.dry_run, State.checked, State.submitted, State.withdrawn),
    State.submitted: (State.submitted, State.approved, State.withdrawn),
    State.approved: (State.scheduled,),
    State.scheduled: (State.active, State.withdrawn),
    State.active: (State.superseded, State.suspended, State.withdrawn),
    State.superseded: (State.suspended, State.withdrawn),
    State.suspended: (State.active, State.superseded, State.withdrawn),
    State.withdrawn: (),
}
"""What may follow what. Only a shipped version goes from ``draft`` to ``active``, at set-up."""

IN_FORCE = frozenset({State.scheduled, State.active, State.superseded, State.suspended})
"""Has days of its own, on which no other version of the methodology may have force."""

PUBLIC = IN_FORCE | {State.withdrawn}
"""May be seen by everybody, if it ever had days of its own."""

TRIABLE = frozenset({State.checked, State.dry_run, State.shadow, State.submitted, State.scheduled})
"""May be tried on history."""


def ensure_may(name: str, state: State, to: State) -> None:
    """Refuse a move that the state does not allow.

    Raises:
        WrongState: ``to`` does not follow ``state``.

    """
    if to not in MOVES[state]:
        raise refused(name, state, f"become {to}", f"变更为 {to}")


def refused(name: str, state: State, wish: str, wish_zh: str) -> WrongState:
    """The refusal that names the state and what may follow it."""
    allowed = ", ".join(MOVES[state]) or "nothing"
    return WrongState(
        f"{name} is {state}, so it cannot {wish}; what may follow is: {allowed}.",
        f"{name} 当前状态为 {state},不能{wish_zh};允许的后续状态:{allowed}。",
        state=state.value,
        allowed=allowed,
    )
