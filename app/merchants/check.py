"""Use cases: one officer checks an application, a second one approves it; either may refuse.

Checking makes the proposal; `app.main` wires `apply` in as what it does. A proposal that
somebody wrote by hand is not the application's own and does nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from app.approvals import proposals
from app.approvals.propose import propose
from app.database import Tx
from app.merchants import applications, history, register, rules
from app.merchants.applications import Application
from app.merchants.errors import ApplicationNotFound, NotItsProposal
from app.merchants.tables import ApplicationState as State

log = structlog.get_logger()

KIND = "merchants.approve"


async def check(
    tx: Tx, *, application_id: UUID, code: str, notes: str, officer_id: UUID, now: datetime
) -> UUID:
    """Say what was found, name the merchant, and ask a second officer to approve.

    After a rejected proposal the application may be checked again.

    Args:
        tx: the caller's transaction.
        application_id: which.
        code: the programme's short name for the merchant-to-be.
        notes: what was looked at, for the second officer.
        officer_id: the first officer.
        now: when (UTC).

    Returns:
        The proposal's id.

    Raises:
        ApplicationNotFound: unknown.
        WrongMerchantState: it is decided, or waits for the second officer.
        MerchantCodeTaken: another merchant has the code.

    """
    application = await applications.lock(tx, application_id=application_id)
    if application.state != State.checked or await _waits(tx, application):
        rules.ensure_state(application.state, State.applied)
    if await (await tx.execute(_CODE_TAKEN, (code,))).fetchone() is not None:
        raise register.code_taken(code)
    proposal_id = await propose(
        tx,
        kind=KIND,
        payload={"application_id": str(application_id)},
        reason=notes[:500],
        officer_id=officer_id,
        now=now,
    )
    arguments = {
        "id": application_id,
        "state": State.checked.value,
        "code": code,
        "notes": notes,
        "officer": officer_id,
        "proposal": proposal_id,
        "now": now,
    }
    await tx.execute(_CHECK, arguments)
    actor = history.officer(officer_id)
    await _keep(tx, application, State.checked, actor=actor, reason=notes, now=now)
    return proposal_id


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Make the merchant of the application that the proposal names.

    Args:
        tx: the transaction of the approval.
        payload: ``{"application_id": "<uuid>"}``.
        now: when (UTC).

    Raises:
        ApplicationNotFound: there is no such application.
        WrongMerchantState: it is not checked, or decided already.
        NotItsProposal: another proposal was made for it.
        MerchantCodeTaken: another merchant has got the code meanwhile.

    """
    application = await applications.lock(tx, application_id=_id_in(payload))
    rules.ensure_state(application.state, State.checked)
    assert application.proposal_id is not None
    assert application.code is not None
    decided = await proposals.decision(tx, proposal_id=application.proposal_id)
    if decided is None or decided.verdict != "approved":
        raise NotItsProposal(
            "Approve the proposal that was made when the application was checked.",
            "请审批该申请核查时生成的提案。",
        )
    assert decided.decided_by is not None, "a verdict has somebody who gave it"
    actor = history.officer(decided.decided_by)
    arguments = {
        "id": application.id,
        "state": State.approved.value,
        "officer": decided.decided_by,
        "refusal": None,
        "now": now,
    }
    await tx.execute(_DECIDE, arguments)
    await _keep(tx, application, State.approved, actor=actor, reason=decided.reason, now=now)
    merchant = await register.admit(
        tx,
        application_id=application.id,
        code=application.code,
        name_zh=application.name_zh,
        name_en=application.name_en,
        category=application.categories[0],
        district_code=application.district_code,
        actor=actor,
        reason=decided.reason,
        now=now,
    )
    log.info("merchant_approved", merchant_id=str(merchant.id))


async def refuse(
    tx: Tx, *, application_id: UUID, reason: str, officer_id: UUID, now: datetime
) -> None:
    """Turn an application down; the applicant reads the reason and may apply anew.

    One officer is enough: nothing is given away by a refusal. A proposal that waits is then
    refused when somebody approves it.

    Raises:
        ApplicationNotFound: unknown.
        WrongMerchantState: it is decided already.

    """
    application = await applications.lock(tx, application_id=application_id)
    rules.ensure_state(application.state, State.applied, State.checked)
    arguments = {
        "id": application_id,
        "state": State.refused.value,
        "officer": officer_id,
        "refusal": reason,
        "now": now,
    }
    await tx.execute(_DECIDE, arguments)
    actor = history.officer(officer_id)
    await _keep(tx, application, State.refused, actor=actor, reason=reason, now=now)


async def _waits(tx: Tx, application: Application) -> bool:
    assert application.proposal_id is not None
    decided = await proposals.decision(tx, proposal_id=application.proposal_id)
    return decided is None or decided.verdict is None


async def _keep(
    tx: Tx, application: Application, state: State, *, actor: str, reason: str, now: datetime
) -> None:
    await history.keep(
        tx,
        kind="application",
        subject=application.id,
        was=application.state,
        state=state.value,
        actor=actor,
        reason=reason,
        now=now,
    )


def _id_in(payload: Mapping[str, Any]) -> UUID:
    try:
        return UUID(str(payload.get("application_id")))
    except ValueError as error:
        raise ApplicationNotFound(
            "No application has this id.", "没有该编号的入驻申请。"
        ) from error


_CODE_TAKEN = "SELECT FROM merchant WHERE code = %s"
_CHECK = """
UPDATE merchant_application
   SET state = %(state)s, code = %(code)s, notes = %(notes)s, checked_by = %(officer)s,
       checked_at = %(now)s, proposal_id = %(proposal)s
 WHERE id = %(id)s
"""
_DECIDE = """
UPDATE merchant_application
   SET state = %(state)s, decided_by = %(officer)s, decided_at = %(now)s, refusal = %(refusal)s
 WHERE id = %(id)s
"""
