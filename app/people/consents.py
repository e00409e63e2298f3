"""Use cases: somebody agrees to one scenario of one provider, and takes it back.

What arrives after a withdrawal has committed finds no consent: every delivery asks anew, in a
statement of its own transaction, and nothing remembers the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.audit.record import record
from app.database import Tx
from app.ids import bucket_of
from app.people.guardians import ensure_may_agree
from app.people.present import ensure_present


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What was agreed to, to which edition of the notice, and until when."""

    provider_id: int
    scenario: str
    notice_version: int
    given_at: datetime
    withdrawn_at: datetime | None


async def give(
    tx: Tx,
    *,
    account_id: int,
    provider_id: int,
    scenarios: Sequence[str],
    notice_version: int,
    now: datetime,
) -> int:
    """Agree to scenarios of a provider; what was agreed to before stays as it was given.

    Returns how many of them are new.

    Args:
        tx: the caller's transaction.
        account_id: whose.
        provider_id: whose records.
        scenarios: methodology ids.
        notice_version: the edition that was read.
        now: when (UTC).

    Raises:
        PersonLeft: the account's owner was forgotten.
        GuardianNeeded: a child's guardian has to confirm first.

    """
    await ensure_present(tx, account_id=account_id)
    await ensure_may_agree(tx, account_id=account_id, now=now)
    facts = {
        "bucket": bucket_of(account_id),
        "account": account_id,
        "provider": provider_id,
        "scenarios": sorted(set(scenarios)),
        "notice": notice_version,
        "now": now,
    }
    return (await tx.execute(_GIVE, facts)).rowcount


async def agree(
    tx: Tx,
    *,
    account_id: int,
    provider_id: int,
    scenarios: Sequence[str],
    notice_version: int,
    now: datetime,
) -> None:
    """`give`, written down as an act of its own, without a card being linked.

    Raises:
        PersonLeft: the account's owner was forgotten.
        GuardianNeeded: a child's guardian has to confirm first.

    """
    await give(
        tx,
        account_id=account_id,
        provider_id=provider_id,
        scenarios=scenarios,
        notice_version=notice_version,
        now=now,
    )
    await record(
        tx,
        actor=f"citizen:{account_id}",
        action="people.consent",
        subject=f"provider:{provider_id}",
        facts={"scenarios": ",".join(sorted(set(scenarios))), "notice": notice_version},
        now=now,
    )


async def withdraw(
    tx: Tx, *, account_id: int, provider_id: int, scenario: str | None, now: datetime
) -> int:
    """Withdraw consent for one scenario of a provider, or (None) for all; how many ended."""
    ended = await tx.execute(
        _WITHDRAW,
        {
            "bucket": bucket_of(account_id),
            "account": account_id,
            "provider": provider_id,
            "scenario": scenario,
            "now": now,
        },
    )
    await record(
        tx,
        actor=f"citizen:{account_id}",
        action="people.withdraw",
        subject=f"provider:{provider_id}",
        facts={"scenario": scenario or "all"},
        now=now,
    )
    return ended.rowcount


async def of_account(tx: Tx, *, account_id: int, limit: int = 500) -> list[ConsentView]:
    """Everything a citizen ever agreed to, newest first."""
    facts = {"bucket": bucket_of(account_id), "account": account_id, "limit": limit}
    return [ConsentView(*row) async for row in await tx.execute(_MINE, facts)]


_GIVE = """
INSERT INTO consent (bucket, account_id, provider_id, scenario, given_at, notice_version)
SELECT %(bucket)s, %(account)s, %(provider)s, s, %(now)s, %(notice)s
  FROM unnest(%(scenarios)s::text[]) AS t (s)
 WHERE NOT EXISTS (
   SELECT FROM consent c WHERE c.bucket = %(bucket)s AND c.account_id = %(account)s
      AND c.provider_id = %(provider)s AND c.scenario = s AND c.withdrawn_at IS NULL)
ON CONFLICT DO NOTHING
"""
_WITHDRAW = """
UPDATE consent SET withdrawn_at = greatest(%(now)s, given_at)
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND provider_id = %(provider)s
   AND withdrawn_at IS NULL
   AND (%(scenario)s::text IS NULL OR scenario = %(scenario)s::text)
"""
_MINE = """
SELECT provider_id, scenario, notice_version, given_at, withdrawn_at FROM consent
 WHERE bucket = %(bucket)s AND account_id = %(account)s
 ORDER BY given_at DESC, provider_id, scenario LIMIT %(limit)s
"""
