"""Door: does a citizen agree, at this moment, to a scenario of a provider?

A whole batch asks once, when it holds the citizens' balances: consents may end while it waits for
them. Whoever ends one waits for that lock before the answer (`ledger.locking`), so nothing is
credited after it.
"""

from collections.abc import Iterable, Sequence

from app.columns import int8s
from app.database import Cursor, Tx
from app.ids import bucket_of
from app.lanes import routed


async def agrees(tx: Tx, *, account_id: int, provider_id: int, scenario: str) -> bool:
    """Whether a consent is live; without one nothing is credited, whoever asks for it."""
    given = {
        "bucket": bucket_of(account_id),
        "account": account_id,
        "provider": provider_id,
        "scenario": scenario,
    }
    return await (await tx.execute(_AGREES, given)).fetchone() is not None


async def ask(
    tx: Tx,
    *,
    account_ids: Iterable[int],
    provider_id: int,
    buckets: Sequence[int] | None = None,
) -> Cursor:
    """The question of which consents live, whose answer is read later (`told`).

    Args:
        tx: the transaction that holds the citizens' balances.
        account_ids: the citizens, each as often as it likes.
        provider_id: whose records are about to be credited.
        buckets: of a lane, which hold all accounts.

    """
    wanted = sorted(set(account_ids))
    arguments = {"accounts": int8s(wanted), "provider": provider_id, "buckets": buckets}
    return await tx.execute(routed(_LIVE, buckets), arguments)


async def told(asked: Cursor) -> frozenset[tuple[int, str]]:
    """The answer to `ask`: accounts, each with a scenario it agrees to."""
    return frozenset(await asked.fetchall())


_LIVE = """
SELECT t.a, live.scenario FROM unnest(%(accounts)b::bigint[]) AS t (a)
 CROSS JOIN LATERAL (
  SELECT c.scenario FROM consent c
   WHERE c.bucket = (t.a %% 1024)::smallint AND c.account_id = t.a
     AND c.provider_id = %(provider)s AND c.withdrawn_at IS NULL
       /* lane: c */
  OFFSET 0) AS live
"""
_AGREES = """
SELECT FROM consent
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND provider_id = %(provider)s
   AND scenario = %(scenario)s AND withdrawn_at IS NULL LIMIT 1
"""
