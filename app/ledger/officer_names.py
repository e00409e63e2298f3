"""Use cases: a new sponsor, pool or unit, once a second officer has approved it.

`app.main` wires them in as what ``ledger.name_counter_account`` and ``ledger.define_unit``
proposals do. Neither can be taken back: entries may name them from the next second on.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.audit.record import record
from app.database import Tx
from app.ledger import contra, units
from app.ledger.errors import NameUnsound

Name = Annotated[str, Field(min_length=1, max_length=120)]


class CounterAccountPayload(BaseModel):
    """A sponsor or a pool."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["sponsor", "pool"]
    name_zh: Name
    name_en: Name


class UnitPayload(BaseModel):
    """A unit with one of the two rules of expiry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    name_zh: Name
    name_en: Name
    life_months: Annotated[int | None, Field(ge=1, le=120)] = None
    last_day: date | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> "UnitPayload":
        if (self.life_months is None) == (self.last_day is None):
            raise ValueError("one rule")
        return self


async def name_counter_account(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Give a sponsor or a pool the next number of its range.

    Raises:
        NameUnsound: the payload is neither.

    """
    try:
        wish = CounterAccountPayload.model_validate(payload)
    except ValidationError as error:
        raise NameUnsound(
            "A counter-account is {kind: sponsor | pool, name_zh, name_en}.",
            "对手账户应包含 kind(sponsor 或 pool)、name_zh 与 name_en。",
        ) from error
    made = await contra.name(
        tx, kind=wish.kind, name_zh=wish.name_zh, name_en=wish.name_en, now=now
    )
    await record(
        tx,
        actor="process:approvals",
        action="ledger.name_counter_account",
        subject=f"counter_account:{made.number}",
        facts={"kind": made.kind},
        now=now,
    )


async def define_unit(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Make a unit for points of another life.

    Raises:
        NameUnsound: the payload is no unit, or its code is taken.

    """
    try:
        wish = UnitPayload.model_validate(payload)
    except ValidationError as error:
        raise NameUnsound(
            "A unit is {code, name_zh, name_en} with either `life_months` or `last_day`.",
            "积分种类应包含 code、name_zh、name_en,以及 life_months 或 last_day 之一。",
        ) from error
    if wish.code in {each.code for each in await units.units(tx)}:
        raise NameUnsound("A unit has this code already.", "该积分种类代码已被使用。")
    made = await units.define(
        tx,
        code=wish.code,
        name_zh=wish.name_zh,
        name_en=wish.name_en,
        life_months=wish.life_months,
        last_day=wish.last_day,
    )
    await record(
        tx,
        actor="process:approvals",
        action="ledger.define_unit",
        subject=f"unit:{made.id}",
        facts={"code": made.code},
        now=now,
    )
