"""Two officers agree about a version: one asks, another decides, and neither is its author.

The approvals room keeps the proposal and sees to it that maker and checker differ; a version
remembers the one proposal that waits for it, so that no other can be played in its place.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.approvals import proposals
from app.approvals.propose import propose
from app.catalogue.errors import AuthorsHands, MethodologyNotFound, VersionNotReady
from app.catalogue.move import Standing, officer
from app.database import Tx


async def ask(
    tx: Tx,
    *,
    standing: Standing,
    kind: str,
    payload: Mapping[str, str],
    reason: str,
    officer_id: UUID,
    now: datetime,
) -> UUID:
    """Propose something about a locked version; it replaces a proposal that was rejected.

    Raises:
        VersionNotReady: another proposal about this version waits for a decision.

    """
    if standing.proposal_id is not None:
        earlier = await proposals.decision(tx, proposal_id=standing.proposal_id)
        if earlier is not None and earlier.verdict is None:
            raise VersionNotReady(
                f"The proposal {standing.proposal_id} about {standing.name} waits for a decision; "
                "approve or reject it first.",
                f"关于 {standing.name} 的提案 {standing.proposal_id} 尚待审核,请先审核。",
                proposal_id=str(standing.proposal_id),
            )
    named = {"methodology": standing.methodology, "version": standing.version, **payload}
    proposal_id = await propose(
        tx, kind=kind, payload=named, reason=reason, officer_id=officer_id, now=now
    )
    await tx.execute(_WAITS, (proposal_id, standing.id))
    return proposal_id


def name_in(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Which version a proposal is about.

    Raises:
        MethodologyNotFound: it does not say.

    """
    methodology, version = payload.get("methodology"), payload.get("version")
    if not isinstance(methodology, str) or not isinstance(version, str):
        raise MethodologyNotFound(
            "The payload names no `methodology` and `version`.", "提案未注明方法学与版本。"
        )
    return methodology, version


async def agreed(tx: Tx, *, standing: Standing, payload: Mapping[str, Any]) -> tuple[str, str]:
    """Who approved what is being carried out, and the reason that was given for it.

    Raises:
        VersionNotReady: this is not the proposal that was made for the version.
        AuthorsHands: the version's author approved it.

    """
    decided = None
    if standing.proposal_id is not None:
        decided = await proposals.decision(tx, proposal_id=standing.proposal_id)
    if decided is None or decided.verdict != "approved" or decided.payload != payload:
        raise VersionNotReady(
            f"{standing.name} was not proposed for this; use the methodology's own endpoints.",
            f"{standing.name} 未就此提交,请使用方法学接口提交。",
        )
    assert decided.decided_by is not None, "what is decided was decided by somebody"
    who = officer(decided.decided_by)
    if who == standing.author:
        raise AuthorsHands(
            f"You wrote {standing.name}; somebody else must decide.",
            f"您是 {standing.name} 的作者,须由他人审核。",
        )
    await tx.execute(_WAITS, (None, standing.id))
    return who, decided.reason


_WAITS = "UPDATE methodology_version SET proposal_id = %s WHERE id = %s"
