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
from app.people import consents, notices
from app.people.errors import CardTaken, LinkNotFound

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
        GuardianNeeded: a child's guardian has to confirm first.

    """
    key = {"provider": provider_id, "subject": subject, "account": account_id, "now": now}
    holder = await (await tx.execute(_OPEN, key)).fetchone()
    if holder is not None and holder[0] != account_id:
        raise _taken()
    # First, because it makes sure that the person is there, and stays until we are done.
    given = await consents.give(
        tx,
        account_id=account_id,
        provider_id=provider_id,
        scenarios=scenarios,
        notice_version=notices.current(now).version,
        now=now,
    )
    if holder is None:
        try:
            async with savepoint(tx):
                await tx.execute(_LINK, key | {"back": now - REACHES_BACK})
        except (ExclusionViolation, UniqueViolation) as error:
            raise _taken() from error
    elif given == 0:
        return  # nothing was said that was not known
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
    await consents.withdraw(tx, account_id=account_id, provider_id=row[0], scenario=None, now=now)


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
_UNLINK = """
UPDATE link SET valid_until = greatest(%(now)s, valid_from + interval '1 microsecond')
 WHERE account_id = %(account)s AND subject = %(subject)s AND valid_until IS NULL
RETURNING provider_id
"""
