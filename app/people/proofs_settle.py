"""How a claim of a card ends, whoever proved it: the card is linked, or its number is forgotten."""

from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.people import linking
from app.people.errors import LinkClaimNotFound
from app.people.vault import Vault

CARD = "link_claim.card"
"""The vault's name of the field that holds a card's number while a claim waits."""


async def link_proved(tx: Tx, *, claim_id: UUID, now: datetime) -> None:
    """Link the card of a claim that waits and was proved.

    Raises:
        LinkClaimNotFound: it was decided meanwhile.
        CardTaken: somebody else holds the card.

    """
    row = await (await tx.execute(_LIVE, {"id": claim_id, "now": now})).fetchone()
    if row is None:
        raise unknown()
    account_id, provider_id, subject, scenarios = row
    await linking.link(
        tx,
        account_id=account_id,
        provider_id=provider_id,
        subject=subject,
        scenarios=scenarios,
        now=now,
    )


async def decide(tx: Tx, *, claim_id: UUID, state: str, now: datetime) -> bool:
    """Close a claim that waits, and forget its card; False if it was decided before."""
    facts = {"id": claim_id, "state": state, "now": now}
    return (await tx.execute(_DECIDE, facts)).rowcount == 1


def answer_digest(vault: Vault, claim_id: UUID, answer: str) -> bytes:
    """What is kept of an answer: nothing without the key, and of use for this claim alone."""
    return vault.index("link proof", f"{claim_id}\n{answer.strip().upper()}")


def unknown() -> LinkClaimNotFound:
    """The refusal of a claim that is not there."""
    return LinkClaimNotFound("No such claim waits.", "没有该待验证的绑定申请。")


_LIVE = """
UPDATE link_claim SET state = 'live', decided_at = %(now)s, card = NULL, answer = NULL
 WHERE id = %(id)s AND state = 'pending' RETURNING account_id, provider_id, subject, scenarios
"""
_DECIDE = """
UPDATE link_claim SET state = %(state)s, decided_at = %(now)s, card = NULL, answer = NULL
 WHERE id = %(id)s AND state = 'pending'
"""
