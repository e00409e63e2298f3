"""A connection on which somebody's rows are read: each statement says for whom it asks.

`app.database` keeps a pool of them. Nothing here opens, commits or decides who a caller is.
"""

from functools import lru_cache
from typing import Any

from psycopg import AsyncConnection, AsyncCursor

type_of_row = tuple[Any, ...]


class CallersConnection(AsyncConnection[type_of_row]):
    """An autocommitting connection that says for whom it asks, together with each statement.

    Both are one transaction in one round trip, at whose end the name is forgotten: a connection
    that nobody has named a caller for sees no row of anybody.
    """

    caller: tuple[str, str] | None = None
    """An account number and a merchant's id, one of them empty."""

    async def execute(self, query: Any, params: Any = None, **how: Any) -> AsyncCursor[type_of_row]:
        """Run one statement as the caller."""
        if self.caller is None:
            return await super().execute(query, params, **how)
        if isinstance(query, str) and query.lstrip().startswith("SELECT"):
            return await super().execute(*_named(query, params, self.caller), **how)
        async with self.pipeline():
            await super().execute(_BECOME, self.caller)
            return await super().execute(query, params, **how)


def _named(query: str, params: Any, caller: tuple[str, str]) -> tuple[str, Any]:
    """A SELECT that says itself for whom it asks: half the price of two statements.

    PostgreSQL fetches the one row of `caller` before it starts what depends on it laterally, so
    every scan finds the name set; were it not, the scan would find nothing.
    """
    if isinstance(params, dict):
        account_id, merchant_id = caller
        names = {"callers_account": account_id, "callers_merchant": merchant_id}
        return _naming(query, "%(callers_account)s", "%(callers_merchant)s"), names | params
    if params is None:
        return _naming(query.replace("%", "%%"), "%s", "%s"), caller
    return _naming(query, "%s", "%s"), (*caller, *params)


@lru_cache(maxsize=1_000)
def _naming(query: str, account: str, merchant: str) -> str:
    return _NAMED.format(account=account, merchant=merchant, query=query)


_BECOME = """
SELECT set_config('puhui.account_id', %s, true), set_config('puhui.merchant_id', %s, true)
"""
_NAMED = """
SELECT answer.* FROM (
  SELECT set_config('puhui.account_id', {account}, true)
         || set_config('puhui.merchant_id', {merchant}, true)) AS caller (name)
 CROSS JOIN LATERAL (SELECT * FROM ({query}
) AS asked WHERE caller.name IS NOT NULL OFFSET 0) AS answer
"""
