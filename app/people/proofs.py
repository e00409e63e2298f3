"""Use cases: a card is claimed, and linked when it is proved to be the claimant's.

How it is proved is the provider's matter: it asks its customer and confirms (``callback``), or it
says what the customer must know: the amount of the last bill (``amount``), a code it has sent
(``code``). What must be known is kept as a digest; the card's number is sealed, shown to its
provider alone, and forgotten when the claim is decided. Tries are counted in the transaction of
the try, wrong ones too, so two at once are two.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.people.errors import (
    ChallengeMissing,
    LinkClaimClosed,
    LinkClaimNotFound,
    TooManyClaims,
)
from app.people.guardians import ensure_may_agree
from app.people.present import ensure_present
from app.people.proofs_settle import CARD, answer_digest, decide, link_proved, unknown
from app.people.vault import Vault

NONE, CALLBACK, AMOUNT, CODE = "none", "callback", "amount", "code"
LIFE = timedelta(days=7)
TRIES = 5
CLAIMS_A_DAY = 10
"""For a person, and for a card, whoever claims it: with the tries, what guessing may cost."""


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim as its owner sees it."""

    id: UUID
    provider_id: int
    scenarios: Sequence[str]
    proof: str
    state: str
    answerable: bool
    tries_left: int
    made_at: datetime
    expires_at: datetime


async def claim(
    tx: Tx,
    *,
    account_id: int,
    provider_id: int,
    proof: str,
    card: str,
    subject: UUID,
    scenarios: Sequence[str],
    vault: Vault,
    now: datetime,
) -> ClaimView:
    """Say that a card is one's own; claiming it again while that waits is the same claim.

    Args:
        tx: the caller's transaction.
        account_id: whose it would be.
        provider_id: whose card it is.
        proof: how this provider's cards are proved.
        card: its number.
        subject: the number's digest (`subjects.digest_of`).
        scenarios: what is agreed to, once it is proved.
        vault: seals the number.
        now: when (UTC).

    Raises:
        CardTaken: the provider wants no proof, and somebody else holds the card.
        TooManyClaims: the day's claims of this person, or for this card, are used up.
        PersonLeft: the account's owner was forgotten.
        GuardianNeeded: a child's guardian has to confirm first.

    """
    await ensure_present(tx, account_id=account_id)
    await ensure_may_agree(tx, account_id=account_id, now=now)
    facts: dict[str, object] = {
        "account": account_id,
        "provider": provider_id,
        "subject": subject,
        "now": now,
        "day": now - timedelta(days=1),
    }
    await tx.execute(_IN_LINE, facts)
    known = await (await tx.execute(_KNOWN, facts)).fetchone()
    if known is not None:
        return ClaimView(*known)
    counts = await (await tx.execute(_COUNT, facts)).fetchone()
    assert counts is not None, "a count always answers"
    if max(counts) >= CLAIMS_A_DAY:
        raise TooManyClaims("Try again tomorrow.", "请明天再试。")
    claim_id = new_id()
    facts |= {
        "id": claim_id,
        "scenarios": sorted(set(scenarios)),
        "proof": proof,
        "card": vault.seal(card, owner=claim_id, field=CARD),
        "until": now + LIFE,
    }
    row = await (await tx.execute(_CLAIM, facts)).fetchone()
    assert row is not None, "an insert that returns, returns"
    if proof == NONE:
        await link_proved(tx, claim_id=claim_id, now=now)
        return await one(tx, account_id=account_id, claim_id=claim_id)
    who = f"citizen:{account_id}"
    await record(
        tx,
        actor=who,
        action="people.claim",
        subject=who,
        facts={"provider": provider_id, "claim": str(claim_id)},
        now=now,
    )
    return ClaimView(*row)


async def prove(
    tx: Tx, *, account_id: int, claim_id: UUID, answer: str, vault: Vault, now: datetime
) -> ClaimView:
    """Say what only the card's owner knows. Right: the card is linked. Wrong: a try is gone.

    A wrong answer is no error: what it counts has to be committed.

    Raises:
        LinkClaimNotFound: there is no such claim of this citizen.
        LinkClaimClosed: it is decided, or its time or tries are over.
        ChallengeMissing: the provider has not said what would prove it.
        CardTaken: somebody else holds the card.

    """
    await ensure_present(tx, account_id=account_id)
    facts = {"account": account_id, "id": claim_id, "now": now}
    row = await (await tx.execute(_TRY, facts)).fetchone()
    if row is None:
        raise await _why_not(tx, account_id=account_id, claim_id=claim_id, now=now)
    wanted, tries = bytes(row[0]), row[1]
    if hmac.compare_digest(wanted, answer_digest(vault, claim_id, answer)):
        await link_proved(tx, claim_id=claim_id, now=now)
    elif tries >= TRIES:
        await decide(tx, claim_id=claim_id, state="refused", now=now)
    return await one(tx, account_id=account_id, claim_id=claim_id)


async def one(tx: Tx, *, account_id: int, claim_id: UUID) -> ClaimView:
    """One claim of a citizen.

    Raises:
        LinkClaimNotFound: there is none, or it is somebody else's.

    """
    row = await (await tx.execute(_ONE, {"account": account_id, "id": claim_id})).fetchone()
    if row is None:
        raise unknown()
    return ClaimView(*row)


async def of_account(tx: Tx, *, account_id: int, limit: int = 50) -> list[ClaimView]:
    """A citizen's claims, newest first."""
    rows = await tx.execute(_MINE, {"account": account_id, "limit": limit})
    return [ClaimView(*row) async for row in rows]


async def cancel(tx: Tx, *, account_id: int, claim_id: UUID, now: datetime) -> None:
    """Take a claim back.

    Raises:
        LinkClaimNotFound: there is no such claim of this citizen that waits.

    """
    facts = {"account": account_id, "id": claim_id, "now": now}
    if (await tx.execute(_CANCEL, facts)).rowcount == 0:
        raise unknown()


async def _why_not(
    tx: Tx, *, account_id: int, claim_id: UUID, now: datetime
) -> LinkClaimNotFound | LinkClaimClosed | ChallengeMissing:
    found = await one(tx, account_id=account_id, claim_id=claim_id)
    if found.state == "pending" and found.expires_at > now and not found.answerable:
        return ChallengeMissing("Wait for the provider's question.", "请等待数据提供方发起验证。")
    return LinkClaimClosed("Make a new claim.", "请重新发起绑定申请。")


_COLUMNS = f"""id, provider_id, scenarios, proof, state, answer IS NOT NULL, {TRIES} - tries,
       made_at, expires_at"""
# People and cards, each in line: their claims are counted before one is added.
_IN_LINE = """
SELECT pg_advisory_xact_lock(hashtextextended(what, 0))
  FROM unnest(ARRAY['link_claim ' || %(account)s::text, 'link_claim ' || %(subject)s::text])
    AS t (what) ORDER BY hashtextextended(what, 0)
"""
_KNOWN = f"""
SELECT {_COLUMNS} FROM link_claim
 WHERE account_id = %(account)s AND provider_id = %(provider)s AND subject = %(subject)s
   AND state = 'pending' AND expires_at > %(now)s
"""
_COUNT = """
SELECT (SELECT count(*) FROM link_claim
         WHERE account_id = %(account)s AND made_at > %(day)s),
       (SELECT count(*) FROM link_claim
         WHERE provider_id = %(provider)s AND subject = %(subject)s AND made_at > %(day)s)
"""
_CLAIM = f"""
INSERT INTO link_claim (id, account_id, provider_id, subject, scenarios, proof, state, card, tries,
                        made_at, expires_at)
VALUES (%(id)s, %(account)s, %(provider)s, %(subject)s, %(scenarios)s, %(proof)s, 'pending',
        %(card)s, 0, %(now)s, %(until)s)
RETURNING {_COLUMNS}
"""
_TRY = f"""
UPDATE link_claim SET tries = tries + 1
 WHERE id = %(id)s AND account_id = %(account)s AND state = 'pending' AND expires_at > %(now)s
   AND answer IS NOT NULL AND tries < {TRIES}
RETURNING answer, tries
"""
_ONE = f"SELECT {_COLUMNS} FROM link_claim WHERE id = %(id)s AND account_id = %(account)s"
_MINE = f"""
SELECT {_COLUMNS} FROM link_claim WHERE account_id = %(account)s
 ORDER BY made_at DESC, id DESC LIMIT %(limit)s
"""
_CANCEL = """
UPDATE link_claim SET state = 'cancelled', decided_at = %(now)s, card = NULL, answer = NULL
 WHERE id = %(id)s AND account_id = %(account)s AND state = 'pending'
"""
