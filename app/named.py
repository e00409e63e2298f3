"""Read: rows as mappings, by the names of their columns; for copies, which are read without us."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.database import Tx

Rows = Sequence[Mapping[str, Any]]


async def rows_of(tx: Tx, sql: str, facts: Mapping[str, Any]) -> Rows:
    """Every row of a SELECT, with its columns' names."""
    found = await tx.execute(sql, facts)
    assert found.description is not None, "a SELECT has columns"
    names = [column.name for column in found.description]
    return [dict(zip(names, row, strict=True)) async for row in found]


async def parts_of(tx: Tx, parts: Sequence[tuple[str, str]], *, account_id: int) -> dict[str, Rows]:
    """The rows of each SELECT by its name; all are about one ``account``."""
    return {name: await rows_of(tx, sql, {"account": account_id}) for name, sql in parts}
