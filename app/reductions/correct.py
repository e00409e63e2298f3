"""Use cases: show what a correction would do, and begin it once a second officer agrees.

A version whose kind is ``error-correction`` puts an error of earlier versions right, for acts
that are credited already. The preview is kept, so that both officers look at the same numbers;
it changes nothing. `app.main` wires `apply` in as what a ``reductions.correct`` proposal does;
the work itself is `correct_run`.
"""

from asyncio import to_thread
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from app.audit.record import record
from app.catalogue import budgets, budgets_read
from app.catalogue.versions import Version, Versions
from app.database import Tx, savepoint
from app.ids import new_id
from app.jobs import later
from app.reductions.correct_effect import Effect
from app.reductions.correct_scan import START, Plan, assess, look
from app.reductions.errors import CorrectionNotFound, CorrectionRunning, CorrectionUnsound
from app.reductions.tables import CorrectionState

log = structlog.get_logger()

TASK = "run_correction"
"""The name under which `app.worker` runs it."""
AGREED = frozenset({"scheduled", "active", "superseded"})
"""States of a version that two officers have agreed on and nobody has stopped."""
CHUNK = 2_000
ROWS_MAX = 2_000_000
"""How many reductions a preview looks at; a longer one says that it is not complete."""


async def preview(
    tx: Tx,
    *,
    methodology: str,
    old_versions: Sequence[str],
    new_version: str,
    days: tuple[date, date],
    reason: tuple[str, str] | None,
    versions: Versions,
    officer_id: UUID,
    now: datetime,
) -> UUID:
    """Work out a correction's effect and keep it for a second officer; nothing else changes.

    Args:
        tx: a transaction; only the preview's own row is written.
        methodology: whose acts.
        old_versions: the versions in error, as ``1.0.0``.
        new_version: the one that puts it right.
        days: first day of the acts, and first day after the last.
        reason: what citizens are told, in Chinese and English; None: what the version's
            manifest says of its changes.
        versions: the catalogue's picture of this moment.
        officer_id: who asks.
        now: when (UTC).

    Returns:
        The correction's id, for `reading` and for the proposal.

    Raises:
        CorrectionUnsound: a version is unknown, or the new one corrects no error.

    """
    new = _version(methodology, new_version, versions)
    olds = [_version(methodology, each, versions) for each in old_versions]
    words = _words(new, olds, days, reason)
    plan = Plan(methodology, tuple(each.id for each in olds), new.id, *days)
    effect = await _effect(tx, plan, versions)
    budget = await _budget_effect(tx, plan, effect, versions, now)
    correction_id = new_id()
    arguments = {
        "id": correction_id,
        "methodology": methodology,
        "old": list(plan.old_version_ids),
        "new": plan.new_version_id,
        "from": plan.from_on,
        "until": plan.until_on,
        "zh": words[0],
        "en": words[1],
        "preview": Jsonb(effect.summary(budget)),
        "officer": officer_id,
        "now": now,
        "state": CorrectionState.previewed.value,
        "bucket": START[0],
        "day": START[2],
        "nobody": START[3],
    }
    await tx.execute(_KEEP, arguments)
    await record(
        tx,
        actor=f"officer:{officer_id}",
        action="reductions.preview_correction",
        subject=f"correction:{correction_id}",
        facts={"methodology": methodology, "affected": effect.affected, "grams": effect.grams},
        now=now,
    )
    return correction_id


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Begin the correction that the proposal names; a job does the work in chunks.

    Args:
        tx: the transaction of the approval.
        payload: ``{"correction_id": "<uuid>"}``.
        now: when (UTC).

    Raises:
        CorrectionNotFound: there is no such preview.
        CorrectionUnsound: the new version has not been approved, or was stopped.
        CorrectionRunning: it was begun before, or another of this methodology is not finished.

    """
    try:
        correction_id = UUID(str(payload.get("correction_id")))
    except ValueError as error:
        raise no_such_correction() from error
    row = await (await tx.execute(_LOCK, (correction_id,))).fetchone()
    if row is None:
        raise no_such_correction()
    if row[1] not in AGREED:
        raise CorrectionUnsound(
            f"The version that corrects is `{row[1]}`: two officers must agree on it first.",
            f"用于更正的版本状态为 {row[1]},须先经两名工作人员批准。",
        )
    if row[0] != CorrectionState.previewed:
        raise CorrectionRunning("This correction was begun before.", "该更正此前已开始执行。")
    try:
        async with savepoint(tx):
            arguments = (CorrectionState.correcting.value, now, correction_id)
            await tx.execute(_BEGIN, arguments)
    except UniqueViolation as error:
        raise CorrectionRunning(
            "Another correction of this methodology is not finished yet.",
            "该方法学的另一项更正尚未完成。",
        ) from error
    await later(tx, task=TASK, correction_id=str(correction_id))
    log.info("correction_begun", correction_id=str(correction_id))


def no_such_correction() -> CorrectionNotFound:
    """The one refusal for what nobody has previewed."""
    return CorrectionNotFound("No correction has this id.", "没有该编号的更正。")


def _version(methodology: str, version: str, versions: Versions) -> Version:
    for each in versions.by_id.values():
        manifest = each.methodology.manifest
        if (manifest.id, manifest.version) == (methodology, version):
            return each
    raise CorrectionUnsound(
        f"No version {version} of `{methodology}` is registered.", "没有该方法学版本。"
    )


def _words(
    new: Version,
    olds: Sequence[Version],
    days: tuple[date, date],
    reason: tuple[str, str] | None,
) -> tuple[str, str]:
    """What citizens are told; refuses what is no correction."""
    manifest = new.methodology.manifest
    if manifest.kind != "error-correction":
        raise CorrectionUnsound(
            f"{new.name} does not say that it corrects an error; its kind is "
            f"`{manifest.kind or 'none'}`.",
            f"{new.name} 未标明为差错更正(kind: error-correction)。",
        )
    if new.id in {old.id for old in olds} or days[0] >= days[1]:
        raise CorrectionUnsound(
            "A version cannot correct itself, and the first day comes before the last.",
            "版本不能更正其自身,且起始日期须早于结束日期。",
        )
    words = reason or (manifest.changes.get("zh", ""), manifest.changes.get("en", ""))
    if not all(words):
        raise CorrectionUnsound(
            "Say why, in Chinese and English: citizens will read it.",
            "请用中英文说明更正原因,市民将会看到。",
        )
    return words[0][:300], words[1][:300]


async def _effect(tx: Tx, plan: Plan, versions: Versions) -> Effect:
    effect = Effect()
    place = START
    while effect.looked_at < ROWS_MAX:
        seen = await look(tx, plan=plan, after=place, limit=CHUNK)
        changes, uncomputable = await to_thread(assess, seen.found, plan, versions)
        await effect.add(tx, changes)
        effect.looked_at += seen.looked_at
        effect.uncomputable += uncomputable
        place = seen.place
        if seen.looked_at < CHUNK:
            return effect
    effect.complete = False
    return effect


async def _budget_effect(
    tx: Tx, plan: Plan, effect: Effect, versions: Versions, now: datetime
) -> dict[str, int] | None:
    """What is paid out, beside what this month's budget has left; corrections do not draw on it."""
    month = budgets.month_of(now.astimezone(versions.zone).date())
    manifest = versions.by_id[plan.new_version_id].methodology.manifest
    line = budgets.line_of(
        versions.budgets, manifest.id, month, engagement=manifest.engagement is not None
    )
    for meter in await budgets_read.meters(tx, month=month):
        if meter.line == line:
            return {"left_points": meter.left, "paid_out_points": effect.booked_up}
    return None


_KEEP = """
INSERT INTO correction (id, methodology, old_version_ids, new_version_id, from_on, until_on,
                        reason_zh, reason_en, preview, made_by, made_at, state, at_bucket,
                        at_account, at_day, at_id, pass_changed, looked_at, changed, people,
                        grams, points, booked_up, booked_down, shortfall)
VALUES (%(id)s, %(methodology)s, %(old)s, %(new)s, %(from)s, %(until)s, %(zh)s, %(en)s,
        %(preview)s, %(officer)s, %(now)s, %(state)s, %(bucket)s, 0, %(day)s, %(nobody)s,
        0, 0, 0, 0, 0, 0, 0, 0, 0)
"""
_LOCK = """
SELECT c.state, v.state FROM correction c JOIN methodology_version v ON v.id = c.new_version_id
 WHERE c.id = %s FOR UPDATE OF c
"""
_BEGIN = "UPDATE correction SET state = %s, approved_at = %s WHERE id = %s"
