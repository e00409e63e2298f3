"""Use cases of providers: see the claims of their own cards, and say how they are proved.

The tidying of claims stands here too: those whose time is over, and cards that are sealed with a
master key of before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.database import Tx
from app.people.present import ensure_present
from app.people.proofs_settle import CARD, answer_digest, decide, link_proved, unknown
from app.people.vault import Vault

CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, repr=False)
class WaitingClaim:
    """A claim as the provider sees it, with its own customer's card; never printed."""

    id: UUID
    card: str
    proof: str
    answerable: bool
    made_at: datetime
    expires_at: datetime


async def waiting(
    tx: Tx, *, provider_id: int, after: UUID | None, limit: int, vault: Vault, now: datetime
) -> list[WaitingClaim]:
    """Claims that wait for this provider, oldest first, with the cards' numbers."""
    facts = {"provider": provider_id, "after": after or UUID(int=0), "limit": limit, "now": now}
    rows = await tx.execute(_WAITING, facts)
    return [
        WaitingClaim(claim_id, vault.open(bytes(card), owner=claim_id, field=CARD), *rest)
        async for claim_id, card, *rest in rows
    ]


async def challenge(
    tx: Tx, *, provider_id: int, claim_id: UUID, answer: str, vault: Vault, now: datetime
) -> None:
    """The provider says what the card's owner will know; it is kept as a digest.

    Raises:
        LinkClaimNotFound: no claim of this provider's that is proved this way waits.

    """
    facts = {"provider": provider_id, "id": claim_id, "now": now, "soon": now + CODE_LIFE}
    facts |= {"answer": answer_digest(vault, claim_id, answer)}
    if (await tx.execute(_CHALLENGE, facts)).rowcount == 0:
        raise unknown()


async def confirm(
    tx: Tx, *, provider_id: int, claim_id: UUID, confirmed: bool, now: datetime
) -> None:
    """The provider has asked its customer, who said yes or no.

    Raises:
        LinkClaimNotFound: no claim of this provider's that is proved this way waits.
        CardTaken: somebody else holds the card.

    """
    facts = {"provider": provider_id, "id": claim_id, "now": now}
    row = await (await tx.execute(_ASKED, facts)).fetchone()
    if row is None:
        raise unknown()
    await ensure_present(tx, account_id=row[0])
    if confirmed:
        await link_proved(tx, claim_id=claim_id, now=now)
    elif not await decide(tx, claim_id=claim_id, state="refused", now=now):
        raise unknown()


async def expire(tx: Tx, *, now: datetime) -> int:
    """Close claims whose time is over, and forget their cards; how many."""
    return (await tx.execute(_EXPIRE, {"now": now})).rowcount


async def reseal(tx: Tx, *, vault: Vault, limit: int) -> int:
    """Seal at most ``limit`` cards anew under the current master key; 0 when none is left."""
    rows = await (await tx.execute(_SEALED)).fetchall()
    old = [(claim_id, bytes(card)) for claim_id, card in rows if not vault.is_current(bytes(card))]
    ids = [claim_id for claim_id, _ in old[:limit]]
    cards = [
        vault.seal(vault.open(card, owner=claim_id, field=CARD), owner=claim_id, field=CARD)
        for claim_id, card in old[:limit]
    ]
    if ids:
        await tx.execute(_RESEAL, {"ids": ids, "cards": cards})
    return len(ids)


_WAITING = """
SELECT id, card, proof, answer IS NOT NULL, made_at, expires_at FROM link_claim
 WHERE provider_id = %(provider)s AND state = 'pending' AND expires_at > %(now)s
   AND id > %(after)s AND card IS NOT NULL
 ORDER BY id LIMIT %(limit)s
"""
_CHALLENGE = """
UPDATE link_claim
   SET answer = %(answer)s,
       expires_at = CASE proof WHEN 'code' THEN least(expires_at, %(soon)s) ELSE expires_at END
 WHERE id = %(id)s AND provider_id = %(provider)s AND state = 'pending'
   AND expires_at > %(now)s AND proof IN ('amount', 'code')
"""
_ASKED = """
SELECT account_id FROM link_claim
 WHERE id = %(id)s AND provider_id = %(provider)s AND state = 'pending'
   AND expires_at > %(now)s AND proof = 'callback'
"""
_EXPIRE = """
UPDATE link_claim SET state = 'expired', decided_at = %(now)s, card = NULL, answer = NULL
 WHERE state = 'pending' AND expires_at <= %(now)s
"""
_SEALED = "SELECT id, card FROM link_claim WHERE state = 'pending' FOR UPDATE SKIP LOCKED"
_RESEAL = """
UPDATE link_claim c SET card = t.card
  FROM unnest(%(ids)s::uuid[], %(cards)s::bytea[]) AS t (id, card) WHERE c.id = t.id
"""
