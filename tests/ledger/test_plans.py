"""The batch statement keeps its shape: no nested loop over a CTE, however large the batch."""

import json
from datetime import UTC, date, datetime

from app.ids import account_number, new_id
from app.ledger.earn import _EARN

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


def nodes(plan):
    """Every node of a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


async def test_crediting_a_thousand_has_no_nested_loop_over_a_cte(tx):
    """A nested loop there once made the batch quadratic; the plan is looked at, not the clock."""
    accounts = [account_number(n) for n in range(1, 1001)]
    arguments = {
        "accounts": accounts,
        "points": [18] * 1000,
        "refs": [new_id() for _ in accounts],
        "happened": [NOON] * 1000,
        "unit": 1,
        "kind": 1,
        "contra": 1,
        "expires_on": date(2028, 3, 31),
        "now": NOON,
    }
    row = await (await tx.execute(f"EXPLAIN (FORMAT JSON) {_EARN}", arguments)).fetchone()
    assert row is not None
    plan = row[0] if isinstance(row[0], list) else json.loads(row[0])

    looped = [
        node
        for node in nodes(plan[0]["Plan"])
        if node["Node Type"] == "Nested Loop"
        and any(inner["Node Type"] == "CTE Scan" for inner in nodes(node))
    ]

    assert looped == []
