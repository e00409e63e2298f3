"""Use case: an officer uploads a methodology document; one that passes the check is kept.

What is kept is the canonical JSON under its hash. The same content again is the same version;
other content under a number that is taken is refused.
"""

from datetime import datetime
from uuid import UUID

from app.catalogue.check import Problem, Report
from app.catalogue.errors import DocumentRefused, VersionNumberTaken
from app.catalogue.move import Standing, lock, move, officer
from app.catalogue.states import State
from app.database import Tx


async def upload(
    tx: Tx, *, methodology: str, report: Report, officer_id: UUID, reason: str, now: datetime
) -> tuple[Standing, bool]:
    """Keep a document that was checked.

    Args:
        tx: the caller's transaction.
        methodology: the id under which it is uploaded; the document must say the same.
        report: what the check found.
        officer_id: its author from here on; authors never approve.
        reason: why, for the history.
        now: when (UTC).

    Returns:
        The version as it stands, and whether it is new.

    Raises:
        DocumentRefused: it cannot be read, breaks a rule, or has another id.
        VersionNumberTaken: other content has this version number.

    """
    document = report.document
    if document is None or not report.passes:
        raise refusal(report.problems)
    manifest = document.manifest
    if manifest.id != methodology:
        raise DocumentRefused(
            f"The document's id is `{manifest.id}`; upload it under that id.",
            f"文档的 id 为 {manifest.id},请上传至该 id 下。",
        )
    made = await tx.execute(
        _KEEP,
        {
            "methodology": manifest.id,
            "version": manifest.version,
            "hash": manifest.content_hash,
            "body": manifest.canonical_json,
            "author": officer(officer_id),
            "now": now,
        },
    )
    standing = await lock(tx, methodology=manifest.id, version=manifest.version)
    if standing.content_hash != manifest.content_hash:
        raise VersionNumberTaken(
            f"{standing.name} was registered with other content; give the changed document a new "
            "version.",
            f"{standing.name} 已登记且内容不同,请使用新版本号。",
            content_hash=standing.content_hash,
        )
    if made.rowcount == 0:
        return standing, False
    await move(
        tx,
        standing=standing,
        to=[State.checked],
        actor=officer(officer_id),
        reason=reason,
        now=now,
    )
    return await lock(tx, methodology=manifest.id, version=manifest.version), True


def refusal(problems: tuple[Problem, ...]) -> DocumentRefused:
    """The refusal that names the first problem in its sentence, and lists them all."""
    first = problems[0]
    place = f"line {first.line}, column {first.column}: " if first.line else ""
    place_zh = f"第 {first.line} 行第 {first.column} 列:" if first.line else ""
    return DocumentRefused(
        f"{place}{first.message}. {first.fix['en']}",
        f"文档未通过检查:{place_zh}{first.message}。{first.fix['zh']}",
        problems=[
            {
                "rule": each.rule,
                "message": each.message,
                "line": each.line,
                "column": each.column,
                "fix": dict(each.fix),
            }
            for each in problems
        ],
        line=first.line,
        column=first.column,
        rule=first.rule,
    )


_KEEP = """
INSERT INTO methodology_version (id, methodology, version, content_hash, body, registered_at,
                                 state, author)
SELECT nextval('version_number'), %(methodology)s::text, %(version)s::text, %(hash)s, %(body)s,
       %(now)s::timestamptz, 'draft', %(author)s
 WHERE NOT EXISTS (SELECT FROM methodology_version
                    WHERE methodology = %(methodology)s::text AND version = %(version)s::text)
ON CONFLICT DO NOTHING
"""
