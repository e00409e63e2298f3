"""Use cases: an officer releases a held act, or refuses it.

Whoever decides holds the citizen's balance first, like every credit: two officers, or an officer
and a batch, come one after the other. A released act is judged as it was when its record came, the
reasons to hold it set aside, and settled anew against what was credited since; then it is a
reduction like any other, and says itself which reasons were set aside. A refused one stays where
it is, so that its record is never credited by another way.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.audit.record import record
from app.catalogue.versions import Versions
from app.database import Tx
from app.ids import bucket_of
from app.intake import evidence
from app.intake.evidence import Sent
from app.intake.records import Record
from app.ledger.locking import lock_accounts
from app.notices.enqueue import enqueue
from app.people.agreed import agrees
from app.people.links import Holder
from app.problems import TryAgain
from app.reductions import review_read
from app.reductions.bench import Bench
from app.reductions.credit import settle_again
from app.reductions.decisions import Candidate, Outcome, Surroundings
from app.reductions.errors import HeldDecided, HeldNotFound, NotReleasable
from app.reductions.judge import judge
from app.reductions.quantify import believable, quantify
from app.reductions.review_read import REFUSED, RELEASED, Held
from app.reductions.write import Batch, book, write
from methodologies.moments import us_of

_EVER_US = us_of(datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides, and why; both sentences are shown to the citizen."""

    officer_id: UUID
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Released:
    """What a released act came to."""

    act_id: UUID
    account_id: int
    grams: int
    points: int


async def release(
    tx: Tx,
    *,
    held_id: UUID,
    decision: Decision,
    versions: Versions,
    subject_key: bytes,
    now: datetime,
    reopens: bool = False,
    tells: bool = True,
) -> Released:
    """Credit a held act after all.

    Args:
        tx: the transaction; a refusal undoes all of it.
        held_id: which act.
        decision: by whom, and why.
        versions: the catalogue's picture, read just now.
        subject_key: what card numbers are digested with.
        now: when (UTC).
        reopens: whether an act that was refused may be released too: after an appeal.
        tells: whether the citizen gets a message of its own.

    Raises:
        HeldNotFound: no such act is held.
        HeldDecided: somebody decided before.
        NotReleasable: it would not be credited now.

    """
    held = await _locked(tx, held_id, versions, reopens=reopens)
    sent = await _sent(tx, held)
    candidate = await _judged(tx, held, sent, versions, subject_key)
    settled = await settle_again(
        tx, candidate=candidate, received_at=sent.received_at, versions=versions, now=now
    )
    if isinstance(settled, Outcome):
        raise _not_releasable(settled.reason or "rejected", settled.detail)
    if settled.held:
        raise _not_releasable(settled.worth.reason_code or "held", None)
    gone = await tx.execute(_RELEASE, {"id": held.id, "bucket": bucket_of(held.account_id)})
    batch = Batch(held.block_no, {settled.record.index: held.line}, versions, now)
    if gone.rowcount != 1 or await write(tx, accepted=[settled], batch=batch):
        raise TryAgain("The act has just been changed.", "该记录刚刚发生变化,请重试。")
    await book(tx, credited=[settled], versions=versions, now=now)
    worth = settled.worth.grams, settled.points
    await _note(tx, held, RELEASED, decision, worth=worth, now=now, tells=tells)
    return Released(held.id, held.account_id, *worth)


async def refuse(
    tx: Tx, *, held_id: UUID, decision: Decision, versions: Versions, now: datetime
) -> None:
    """Say no to a held act, for good; only an appeal can open it again.

    Raises:
        HeldNotFound: no such act is held.
        HeldDecided: somebody decided before.

    """
    held = await _locked(tx, held_id, versions, reopens=False)
    await _note(tx, held, REFUSED, decision, worth=(0, 0), now=now, tells=True)


async def _locked(tx: Tx, held_id: UUID, versions: Versions, *, reopens: bool) -> Held:
    """The act as it stands while its citizen is ours: nobody else can decide meanwhile."""
    zone = str(versions.zone)
    found = await review_read.one(tx, held_id=held_id, zone=zone)
    if found is not None:
        await lock_accounts(tx, account_ids=[found.account_id])
        found = await review_read.one(tx, held_id=held_id, zone=zone)
    if found is None:
        if await review_read.last_decision(tx, held_id=held_id) is not None:
            raise _decided(RELEASED)
        raise HeldNotFound("No act with this id is held.", "没有该编号的待复核记录。")
    if not found.waits and not reopens:
        raise _decided(found.decision)
    return found


async def _sent(tx: Tx, held: Held) -> Sent:
    place = (held.block_no, held.line)
    sent = (await evidence.of_places(tx, places=[place] if held.block_no else [])).get(place)
    if sent is None:
        raise _not_releasable("evidence_gone", "its record is not kept any more")
    return sent


async def _judged(
    tx: Tx, held: Held, sent: Sent, versions: Versions, subject_key: bytes
) -> Candidate:
    """The act as its record says, the reasons to hold it set aside."""
    if not await agrees(
        tx, account_id=held.account_id, provider_id=sent.provider_id, scenario=sent.methodology
    ):
        raise _not_releasable("no_consent", "the citizen does not agree to this scenario any more")
    # The act knows whose it is; the card's number is not kept, and need not be known again.
    holder = Holder(held.account_id, _EVER_US, None)
    around = Surroundings(
        provider_id=sent.provider_id,
        secret=subject_key,
        versions=versions,
        holders={"": (holder,)},
        received_at=sent.received_at,
    )
    judged = judge(Record(0, sent.ref, "", sent.methodology, sent.data), around, Bench(around))
    if isinstance(judged, Outcome):
        raise _not_releasable(judged.reason or "rejected", judged.detail)
    rules = judged.version.methodology.manifest.verification
    holds = {rule.because for rule in rules if rule.otherwise == "hold"}
    reason = held.reason_code
    while reason in holds - judged.waived:
        worth = judged.worth
        if not judged.asks:
            waived = judged.waived | {reason}
            worth = quantify(judged.version, judged.evidence, versions, waived=waived)
        judged = believable(judged.excused(reason, worth))
        reason = judged.worth.reason_code or ""
    if judged.held:
        raise _not_releasable(judged.worth.reason_code or "held", None)
    return judged.named(held.id)


async def _note(
    tx: Tx,
    held: Held,
    decision: int,
    by: Decision,
    *,
    worth: tuple[int, int],
    now: datetime,
    tells: bool,
) -> None:
    await tx.execute(
        _NOTE,
        {
            "bucket": bucket_of(held.account_id),
            "id": held.id,
            "nth": held.nth + 1,
            "account": held.account_id,
            "decision": decision,
            "reason_code": held.reason_code,
            "reason_zh": by.reason_zh,
            "reason_en": by.reason_en,
            "grams": worth[0],
            "points": worth[1],
            "officer": by.officer_id,
            "now": now,
        },
    )
    verb = "release" if decision == RELEASED else "refuse"
    await record(
        tx,
        actor=f"officer:{by.officer_id}",
        action=f"reductions.{verb}",
        subject=f"act:{held.id}",
        facts={"held_for": held.reason_code, "grams": worth[0], "points": worth[1]},
        now=now,
    )
    if tells:
        facts = {"act_id": str(held.id), "grams": worth[0], "points": worth[1]}
        facts |= {"reason_zh": by.reason_zh, "reason_en": by.reason_en}
        template = "act_released" if decision == RELEASED else "act_refused"
        await enqueue(tx, template=template, facts_of={held.account_id: facts}, now=now)


def _decided(decision: int) -> HeldDecided:
    word, word_zh = ("released", "通过") if decision == RELEASED else ("refused", "拒绝")
    return HeldDecided(f"This act was {word} by somebody.", f"该记录已被{word_zh}。", decision=word)


def _not_releasable(reason: str, detail: str | None) -> NotReleasable:
    told = f": {detail}" if detail else ""
    return NotReleasable(
        f"It would not be credited now ({reason}{told}); refuse it, or mend the cause.",
        f"目前无法计入({reason});请拒绝或先消除原因。",
        reason=reason,
    )


_RELEASE = "DELETE FROM held_activity WHERE id = %(id)s AND bucket = %(bucket)s"
_NOTE = """
INSERT INTO held_review (bucket, id, nth, account_id, decision, reason_code, reason_zh, reason_en,
                         grams, points, officer_id, decided_at)
VALUES (%(bucket)s, %(id)s, %(nth)s, %(account)s, %(decision)s, %(reason_code)s, %(reason_zh)s,
        %(reason_en)s, %(grams)s, %(points)s, %(officer)s, %(now)s)
"""
