"""Use cases: the exchange rate, and budgets that pay for parts of offers. Each needs two officers.

`app.main` wires `apply_rate` and `apply_budget` in as what ``rewards.set_rate`` and
``rewards.open_budget`` proposals do. A budget lies in slots, so that no two claims meet on one
row while there is plenty; near its end the slots are put together (`draw_funding`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.rewards import rules
from app.rewards.funding_split import Share, Source, unsound
from app.rewards.offers_errors import FundingUnsound

log = structlog.get_logger()

POINTS_PER_YUAN_MAX = 1_000_000
FEN_MAX = 10**13
SLOTS = 16


@dataclass(frozen=True, slots=True)
class Rate:
    """Points for a yuan."""

    version: int
    points_per_yuan: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Money set aside, and what is left of it."""

    id: UUID
    source: Source
    programme: str
    fen: int
    left_fen: int


async def rate_at(tx: Tx, *, now: datetime) -> Rate | None:
    """The exchange rate in force; None before anybody has set one."""
    row = await (await tx.execute(_RATE, (now,))).fetchone()
    return Rate(*row) if row is not None else None


async def ensure_budgets(tx: Tx, *, shares: Sequence[Share]) -> None:
    """Refuse shares whose budget does not exist or is somebody else's kind.

    Raises:
        FundingUnsound: `field` is ``funding.budget_id``.

    """
    wanted = {share.budget_id: share.source for share in shares if share.budget_id is not None}
    rows = await tx.execute(_KINDS, (list(wanted),))
    found = {budget_id: Source(kind) async for budget_id, kind in rows}
    if found != wanted:
        raise unsound("funding.budget_id")


async def budgets(tx: Tx) -> list[Budget]:
    """Every budget, the newest first, with what is left; one statement."""
    return [Budget(row[0], Source(row[1]), *row[2:]) async for row in await tx.execute(_BUDGETS)]


def read_rate(payload: Mapping[str, Any]) -> int:
    """The rate that a proposal describes; looked at when it is made, and when it is approved.

    Raises:
        FundingUnsound: `field` is ``points_per_yuan``.

    """
    points = payload.get("points_per_yuan")
    if type(points) is not int or not 1 <= points <= POINTS_PER_YUAN_MAX:
        raise FundingUnsound(
            f"`points_per_yuan` is a whole number from 1 to {POINTS_PER_YUAN_MAX}.",
            f"points_per_yuan 应为 1 至 {POINTS_PER_YUAN_MAX} 的整数。",
            field="points_per_yuan",
        )
    return points


def read_budget(payload: Mapping[str, Any]) -> tuple[Source, str, int]:
    """Who pays, under which name, and how many fen; looked at when it is proposed, and approved.

    Raises:
        FundingUnsound: `field` is what is missing or makes no sense.

    """
    source, programme, fen = (payload.get(name) for name in ("source", "programme", "fen"))
    if source not in (Source.government.name, Source.carbon.name):
        raise FundingUnsound(
            "`source` is `government` or `carbon`; a merchant pays without a budget.",
            "source 应为 government 或 carbon;商户出资无须预算。",
            field="source",
        )
    if not isinstance(programme, str) or not 1 <= len(programme.strip()) <= len(programme) <= 60:
        raise FundingUnsound(
            "`programme` is a name of 1 to 60 characters.",
            "programme 应为 1 至 60 个字符的名称。",
            field="programme",
        )
    if type(fen) is not int or not 1 <= fen <= FEN_MAX:
        raise FundingUnsound(
            f"`fen` is a whole number from 1 to {FEN_MAX}.",
            f"fen 应为 1 至 {FEN_MAX} 的整数。",
            field="fen",
        )
    return Source[str(source)], programme, fen


async def apply_rate(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Set the exchange rate; offers that are there keep the version they were priced with.

    Args:
        tx: the transaction of the approval.
        payload: ``{"points_per_yuan": 100}``.
        now: from when it counts (UTC).

    Raises:
        FundingUnsound: not a positive whole number, or too large a one.

    """
    points = read_rate(payload)
    # One decision at a time: versions follow one another.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('exchange_rate'))")
    await tx.execute(_SET_RATE, {"points": points, "now": now})
    await record(
        tx,
        actor="process:approvals",
        action="rewards.set_rate",
        subject="rate:points_per_yuan",
        facts={"points_per_yuan": points},
        now=now,
    )


async def apply_budget(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Open a budget.

    Args:
        tx: the transaction of the approval.
        payload: ``{"source": "government", "programme": "…", "fen": 1000000}``.
        now: when (UTC).

    Raises:
        FundingUnsound: a member is missing or makes no sense.

    """
    source, programme, fen = read_budget(payload)
    await open_budget(tx, source=source, programme=programme, fen=fen, now=now)


async def open_budget(tx: Tx, *, source: Source, programme: str, fen: int, now: datetime) -> UUID:
    """Set money aside, cut into slots; its id."""
    budget_id = new_id()
    await tx.execute(_OPEN, (budget_id, source.value, programme, fen, now))
    parts = rules.shares(fen, SLOTS)
    await tx.execute(_CUT, {"id": budget_id, "slots": list(range(SLOTS)), "fen": parts})
    await record(
        tx,
        actor="process:approvals",
        action="rewards.open_budget",
        subject=f"funding_budget:{budget_id}",
        facts={"source": source.name, "fen": fen},
        now=now,
    )
    log.info("funding_opened", budget_id=str(budget_id), fen=fen)
    return budget_id


_RATE = """
SELECT version, points_per_yuan FROM exchange_rate WHERE valid_from <= %s
 ORDER BY version DESC LIMIT 1
"""
_SET_RATE = """
INSERT INTO exchange_rate (version, points_per_yuan, valid_from, set_at)
SELECT coalesce(max(version), 0) + 1, %(points)s, %(now)s, %(now)s FROM exchange_rate
"""
_KINDS = "SELECT id, kind FROM funding_budget WHERE id = ANY (%b::uuid[])"
_BUDGETS = """
SELECT b.id, b.kind, b.programme, b.fen, sum(s.remaining_fen)::bigint
  FROM funding_budget b JOIN funding_slot s ON s.budget_id = b.id
 GROUP BY b.id ORDER BY b.id DESC
"""
_OPEN = """
INSERT INTO funding_budget (id, kind, programme, fen, created_at) VALUES (%s, %s, %s, %s, %s)
"""
_CUT = """
INSERT INTO funding_slot (budget_id, slot, remaining_fen)
SELECT %(id)s, slot, fen FROM unnest(%(slots)b::smallint[], %(fen)b::bigint[]) AS t (slot, fen)
"""
