"""Door: does a citizen agree, at this moment, to a scenario of a provider?

A whole batch asks once, when it holds the citizens' balances: consents may end while it waits for
them. Whoever ends one waits for that lock before the answer (`ledger.locking`), so nothing is
credited after it.
"""

from collections.abc import Collection, Sequence

from app.columns import int8s, texts
from app.database import Cursor, Tx
from app.ids import bucket_of
from app.lanes import routed

Consent = tuple[int, str]
"""Who agrees, and to which scenario."""


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
    pairs: Collection[Consent],
    provider_id: int,
    buckets: Sequence[int] | None = None,
) -> Cursor:
    """The question of a batch, whose answer is read later (`missing`).

    Args:
        tx: the transaction that holds the citizens' balances.
        pairs: accounts, each with a scenario; each pair once, in any order.
        provider_id: whose records are about to be credited.
        buckets: of a lane, which hold all accounts.

    """
    arguments = {
        "accounts": int8s([account_id for account_id, _ in pairs]),
        "scenarios": texts([scenario for _, scenario in pairs]),
        "provider": provider_id,
        "buckets": buckets,
    }
    return await tx.execute(routed(_LIVE, buckets), arguments)


async def missing(asked: Cursor, *, pairs: Collection[Consent]) -> frozenset[Consent]:
    """The answer to `ask`: those of the pairs that nobody agrees to, or no more."""
    first = await asked.fetchone()
    if asked.rowcount == len(pairs):  # as nearly always: the rest need not be looked at
        return frozenset()
    return frozenset(pairs) - {first, *await asked.fetchall()}


_LIVE = """
SELECT t.a, t.scenario
  FROM unnest(%(accounts)b::bigint[], %(scenarios)b::text[]) AS t (a, scenario)
 CROSS JOIN LATERAL (
  SELECT FROM consent c
   WHERE c.bucket = (t.a %% 1024)::smallint AND c.account_id = t.a
     AND c.provider_id = %(provider)s AND c.scenario = t.scenario AND c.withdrawn_at IS NULL
       /* lane: c */
   LIMIT 1) AS live
"""
_AGREES = """
SELECT FROM consent
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND provider_id = %(provider)s
   AND scenario = %(scenario)s AND withdrawn_at IS NULL LIMIT 1
"""
