"""Use cases: an officer takes an appeal, and answers it.

Whoever answers holds the citizen's balance first, as every credit does, so two officers come one
after the other. An accepted claim is credited through the ordinary path, as a record of its
provider's whose number is the claim's own: it takes the trip's time, so a record that the provider
sends after all is refused as an overlap. Of an act that is held, the review decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.appeals import reading
from app.appeals.errors import AppealDecided, AppealNotFound, NotCreditable
from app.appeals.reading import Appeal
from app.appeals.tables import Kind, State
from app.audit.record import record
from app.catalogue.versions import Versions
from app.database import Tx
from app.ids import bucket_of
from app.intake.records import Record
from app.ledger.locking import lock_accounts
from app.notices.enqueue import enqueue
from app.people import links
from app.reductions import review, review_read
from app.reductions.credit import credit
from app.reductions.decisions import Outcome, Surroundings, Verdict
from app.reductions.judge import judge_all

Worth = tuple[UUID | None, int, int]
"""The act that was credited, its grams and points."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answers, and why; both sentences are shown to the citizen."""

    officer_id: UUID
    reason_zh: str
    reason_en: str


async def assign(tx: Tx, *, appeal_id: UUID, officer_id: UUID, now: datetime) -> Appeal:
    """Take an appeal; one that a colleague took is theirs until they answer, or you take it over.

    Raises:
        AppealNotFound: nobody made it.
        AppealDecided: it is answered.

    """
    asked = await _locked(tx, appeal_id)
    await tx.execute(_ASSIGN, {**_key(asked), "state": State.assigned.value, "officer": officer_id})
    await _audit(tx, "assign", asked, officer_id, now)
    return await _again(tx, asked)


async def refuse(tx: Tx, *, appeal_id: UUID, answer: Answer, now: datetime) -> Appeal:
    """Answer no.

    Raises:
        AppealNotFound: nobody made it.
        AppealDecided: it is answered.

    """
    asked = await _locked(tx, appeal_id)
    return await _close(tx, asked, State.refused, answer, worth=(None, 0, 0), now=now)


async def accept(
    tx: Tx,
    *,
    appeal_id: UUID,
    answer: Answer,
    evidence: Mapping[str, Any] | None,
    held_id: UUID | None,
    versions: Versions,
    subject_key: bytes,
    now: datetime,
) -> Appeal:
    """Answer yes, and credit what was missing.

    Args:
        tx: the transaction; a refusal undoes all of it.
        appeal_id: which.
        answer: by whom, and why.
        evidence: of a missing trip: what the officer found, as the methodology's inputs say.
        held_id: of a missing trip: a held act that it is; of another appeal its own is meant.
        versions: the catalogue's picture, read just now.
        subject_key: what card numbers are digested with.
        now: when (UTC).

    Raises:
        AppealNotFound: nobody made it.
        AppealDecided: it is answered.
        NotCreditable: there is not one thing to credit, or it would not be.
        HeldNotFound, HeldDecided, NotReleasable: the held act cannot be released.

    """
    asked = await _locked(tx, appeal_id)
    worth: Worth = (None, 0, 0)
    if asked.kind is Kind.act:
        if evidence is not None or held_id is not None:
            raise _not_creditable("names_another", "the appeal names its act itself")
        held_id = asked.act_id if await _is_held(tx, asked, versions) else None
    elif (evidence is None) == (held_id is None):
        raise _not_creditable("nothing_named", "name either the evidence or a held act")
    if evidence is not None:
        outcome = await _credited(
            tx, asked, evidence, versions=versions, subject_key=subject_key, now=now
        )
        if outcome.verdict is Verdict.held:
            held_id = outcome.reduction_id
        else:
            worth = outcome.reduction_id, outcome.grams, outcome.points
    if held_id is not None:
        await _ensure_theirs(tx, asked, held_id, versions)
        done = await review.release(
            tx,
            held_id=held_id,
            decision=review.Decision(answer.officer_id, answer.reason_zh, answer.reason_en),
            versions=versions,
            subject_key=subject_key,
            now=now,
            reopens=True,
            tells=False,
        )
        worth = done.act_id, done.grams, done.points
    return await _close(tx, asked, State.accepted, answer, worth=worth, now=now)


async def _credited(
    tx: Tx,
    asked: Appeal,
    evidence: Mapping[str, Any],
    *,
    versions: Versions,
    subject_key: bytes,
    now: datetime,
) -> Outcome:
    """The trip, through the ordinary path; of a held one, its id as well."""
    assert asked.provider_id is not None, "a claim has a provider"
    assert asked.link_id is not None, "a claim has a link"
    assert asked.methodology is not None, "a claim has a scenario"
    around = Surroundings(
        provider_id=asked.provider_id,
        secret=subject_key,
        versions=versions,
        holders=await links.holders(
            tx,
            provider_id=asked.provider_id,
            subjects={str(asked.link_id): asked.link_id.bytes},
        ),
        received_at=asked.made_at,  # a claim made in time is in time
    )
    sent = Record(0, f"appeal:{asked.id}", str(asked.link_id), asked.methodology, evidence)
    candidates, refused = judge_all([sent], around)
    if candidates and candidates[0].account_id != asked.account_id:
        raise _not_creditable("not_linked", "somebody else held the card at that time")
    if candidates and not _in_window(asked, candidates[0].evidence.ended_at):
        raise _not_creditable("outside_window", "the evidence is of another time")
    refused += await credit(
        tx, provider_id=asked.provider_id, candidates=candidates, versions=versions, now=now
    )
    (outcome,) = refused
    if outcome.verdict is Verdict.held:
        return Outcome(0, None, Verdict.held, reduction_id=candidates[0].id)
    if outcome.verdict is not Verdict.credited:
        raise _not_creditable(outcome.reason or "rejected", outcome.detail)
    return outcome


def _in_window(asked: Appeal, ended_at: datetime) -> bool:
    assert asked.happened_from is not None, "a claim has a window"
    assert asked.happened_until is not None, "a claim has a window"
    return asked.happened_from <= ended_at <= asked.happened_until


async def _is_held(tx: Tx, asked: Appeal, versions: Versions) -> bool:
    assert asked.act_id is not None, "an appeal names its act"
    return await review_read.one(tx, held_id=asked.act_id, zone=str(versions.zone)) is not None


async def _ensure_theirs(tx: Tx, asked: Appeal, held_id: UUID, versions: Versions) -> None:
    held = await review_read.one(tx, held_id=held_id, zone=str(versions.zone))
    if held is None or held.account_id != asked.account_id:
        raise _not_creditable("not_theirs", "the citizen has no such held act")


async def _locked(tx: Tx, appeal_id: UUID) -> Appeal:
    """The appeal while its citizen is ours: nobody else can answer it meanwhile."""
    asked = await reading.one(tx, appeal_id=appeal_id)
    if asked is None:
        raise AppealNotFound("There is no appeal with this id.", "没有该编号的申请。")
    await lock_accounts(tx, account_ids=[asked.account_id])
    asked = await _again(tx, asked)
    if asked.state >= State.accepted:
        raise AppealDecided("This appeal is answered.", "该申请已处理。", state=asked.state.name)
    return asked


async def _again(tx: Tx, asked: Appeal) -> Appeal:
    found = await reading.one(tx, appeal_id=asked.id, account_id=asked.account_id)
    assert found is not None, "an appeal is never deleted"
    return found


async def _close(
    tx: Tx, asked: Appeal, state: State, answer: Answer, *, worth: Worth, now: datetime
) -> Appeal:
    act_id, grams, points = worth
    given = {
        **_key(asked),
        "state": state.value,
        "officer": answer.officer_id,
        "now": now,
        "reason_zh": answer.reason_zh,
        "reason_en": answer.reason_en,
        "credited": act_id,
        "grams": grams,
        "points": points,
    }
    closed = await tx.execute(_CLOSE, given)
    assert closed.rowcount == 1, "it was undecided, and is ours"
    facts = {"appeal_id": str(asked.id), "grams": grams, "points": points}
    facts |= {"reason_zh": answer.reason_zh, "reason_en": answer.reason_en}
    await enqueue(tx, template=f"appeal_{state.name}", facts_of={asked.account_id: facts}, now=now)
    await _audit(tx, state.name, asked, answer.officer_id, now, grams=grams, points=points)
    return await _again(tx, asked)


async def _audit(
    tx: Tx, verb: str, asked: Appeal, officer_id: UUID, now: datetime, **facts: int
) -> None:
    await record(
        tx,
        actor=f"officer:{officer_id}",
        action=f"appeals.{verb}",
        subject=f"appeal:{asked.id}",
        facts=facts,
        now=now,
    )


def _key(asked: Appeal) -> dict[str, Any]:
    return {"bucket": bucket_of(asked.account_id), "account": asked.account_id, "id": asked.id}


def _not_creditable(reason: str, detail: str | None) -> NotCreditable:
    return NotCreditable(
        f"It would not be credited ({reason}: {detail or 'see the methodology'}).",
        f"无法计入({reason})。",
        reason=reason,
    )


_ASSIGN = """
UPDATE appeal SET state = %(state)s, officer_id = %(officer)s
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND id = %(id)s AND state < 3
"""
_CLOSE = """
UPDATE appeal SET state = %(state)s, officer_id = %(officer)s, decided_at = %(now)s,
       reason_zh = %(reason_zh)s, reason_en = %(reason_en)s, credited_id = %(credited)s,
       grams = %(grams)s, points = %(points)s
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND id = %(id)s AND state < 3
"""
