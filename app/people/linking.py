"""Use cases: tie a card to a citizen with their consent, and untie it.

A record that arrives after the link may tell of an act before it: files come days late. So a
link reaches `REACHES_BACK` into the past, but never into a time in which the card was
somebody else's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.errors import ExclusionViolation, UniqueViolation

from app.audit.record import record
from app.database import Tx, savepoint
from app.ids import bucket_of
from app.people.errors import CardTaken, LinkNotFound
from app.people.present import ensure_present

NOTICE_VERSION = 1
"""Which privacy notice a citizen agrees to; a new text is a new number."""
REACHES_BACK = timedelta(days=30)
"""As long as the methodologies accept late evidence."""


async def link(
    tx: Tx,
    *,
    account_id: int,
    provider_id: int,
    subject: UUID,
    scenarios: Sequence[str],
    now: datetime,
) -> None:
    """Link a card, and agree to scenarios; linking one's own card again adds scenarios.

    Args:
        subject: the card's digest (`subjects.digest_of`).
        scenarios: methodology ids this provider's records may be used for.
        now: when (UTC).

    Raises:
        CardTaken: somebody else holds the card at this time.
        PersonLeft: the account's owner was forgotten.

    """
    await ensure_present(tx, account_id=account_id)
    key = {"provider": provider_id, "subject": subject, "account": account_id, "now": now}
    holder = await (await tx.execute(_OPEN, key)).fetchone()
    if holder is not None and holder[0] != account_id:
        raise _taken()
    if holder is None:
        try:
            async with savepoint(tx):
                await tx.execute(_LINK, key | {"back": now - REACHES_BACK})
        except (ExclusionViolation, UniqueViolation) as error:
            raise _taken() from error
    await tx.execute(
        _CONSENT,
        key
        | {
            "bucket": bucket_of(account_id),
            "scenarios": sorted(set(scenarios)),
            "notice": NOTICE_VERSION,
        },
    )
    await record(
        tx,
        actor=f"citizen:{account_id}",
        action="people.link",
        subject=f"provider:{provider_id}",
        facts={"scenarios": ",".join(sorted(set(scenarios)))},
        now=now,
    )


async def unlink(tx: Tx, *, account_id: int, subject: UUID, now: datetime) -> None:
    """Untie a card and withdraw what was agreed to with its provider; intake stops at once.

    Raises:
        LinkNotFound: no open link of this citizen has this id.

    """
    row = await (
        await tx.execute(_UNLINK, {"account": account_id, "subject": subject, "now": now})
    ).fetchone()
    if row is None:
        raise LinkNotFound("You have no open link with this id.", "您没有该绑定。")
    await withdraw(tx, account_id=account_id, provider_id=row[0], scenario=None, now=now)


async def withdraw(
    tx: Tx, *, account_id: int, provider_id: int, scenario: str | None, now: datetime
) -> None:
    """Withdraw consent for one scenario of a provider, or (None) for all of them."""
    await tx.execute(
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


def _taken() -> CardTaken:
    return CardTaken(
        "Somebody has linked this card; they must unlink it first.",
        "该卡已被他人绑定,须先由对方解绑。",
    )


_OPEN = """
SELECT account_id FROM link
 WHERE provider_id = %(provider)s AND subject = %(subject)s AND valid_until IS NULL
"""
_LINK = """
INSERT INTO link (provider_id, subject, account_id, valid_from)
SELECT %(provider)s, %(subject)s, %(account)s,
       greatest(%(back)s, coalesce(max(valid_until), '-infinity'))
  FROM link WHERE provider_id = %(provider)s AND subject = %(subject)s
"""
_CONSENT = """
INSERT INTO consent (bucket, account_id, provider_id, scenario, given_at, notice_version)
SELECT %(bucket)s, %(account)s, %(provider)s, s, %(now)s, %(notice)s
  FROM unnest(%(scenarios)s::text[]) AS t (s)
 WHERE NOT EXISTS (
   SELECT FROM consent c WHERE c.bucket = %(bucket)s AND c.account_id = %(account)s
      AND c.provider_id = %(provider)s AND c.scenario = s AND c.withdrawn_at IS NULL)
ON CONFLICT DO NOTHING
"""
_UNLINK = """
UPDATE link SET valid_until = greatest(%(now)s, valid_from + interval '1 microsecond')
 WHERE account_id = %(account)s AND subject = %(subject)s AND valid_until IS NULL
RETURNING provider_id
"""
_WITHDRAW = """
UPDATE consent SET withdrawn_at = greatest(%(now)s, given_at)
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND provider_id = %(provider)s
   AND withdrawn_at IS NULL
   AND (%(scenario)s::text IS NULL OR scenario = %(scenario)s::text)
"""
