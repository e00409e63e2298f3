"""A facet of the citizen's own is a scope with a number of its own, not a digested subject.

A charge that names no vehicle claims the energy of the citizen's own: it had a claim row under a
keyed digest, 130 bytes with its index, though the citizen's lock guards it already. From here on
it stands in the act's row. Claims that are there get the number and the account, so that acts to
come still find them; which those are, the version of the act says. In a city of lanes some
cannot be told from a shared vehicle's, and stay as they are.

Locks: rows of claim.
Old code: would not see such a claim; it stops before this begins.

Revision ID: 2026_11_21_1471
Revises: 2026_11_21_1470
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_1471"
down_revision = "2026_11_21_1470"

_SCOPES = ("traveller", "vehicle", "meter", "household-day", "order", "device-serial")
_OWN = ("citizen", "household")


def upgrade() -> None:
    """One UPDATE for each version and facet."""
    op.execute("SET LOCAL statement_timeout = 0")
    versions = op.get_bind().execute(sa.text(_VERSIONS)).all()
    for version_id, body in versions:
        for scope, facet in _facets(json.loads(body)):
            moved = {"version": version_id, "scope": scope, "number": _number(scope, facet)}
            op.get_bind().execute(sa.text(_MOVE), moved)


def downgrade() -> None:
    """Lossy: the digests cannot be made again, so older code does not see these claims."""


def _facets(document: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Scopes and facets that acts of this document may claim of the citizen."""
    for claim in document.get("claims") or ():
        facet = str(claim.get("facet", ""))
        whose = claim.get("subject"), claim.get("if_absent")
        if facet and "{" not in facet and not set(_OWN).isdisjoint(whose):
            yield _SCOPES.index(claim["scope"]) + 1, facet


def _number(scope: int, facet: str) -> int:
    digest = hashlib.blake2b(facet.encode(), digest_size=8).digest()
    return scope + 8 * (1 + int.from_bytes(digest, "big") % 4_095)


# What came as a plug-in has no document to ask; none that was shipped claims such a facet.
_VERSIONS = "SELECT id, body FROM methodology_version WHERE body LIKE '{%'"
# A shared subject has a row that its acts wait for; the citizen's own has none.
_MOVE = """
UPDATE claim c SET bucket = r.bucket, scope = :number, subject = r.account_id
  FROM reduction r
 WHERE r.id = c.reduction_id AND r.version_id = :version AND c.scope = :scope
   AND c.subject <> r.account_id
   AND NOT EXISTS (SELECT FROM claim_subject s WHERE s.bucket = c.bucket AND s.scope = c.scope
                      AND s.subject = c.subject)
"""
