"""Read: all that this room holds about one citizen, for a copy of their data."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.database import Tx

Rows = Sequence[Mapping[str, Any]]


async def dossier(tx: Tx, *, account_id: int) -> Mapping[str, Rows]:
    """Profile, links, consents, claims and guardianships, each as rows with named values."""
    return {name: await _rows(tx, sql, account_id) for name, sql in _PARTS}


async def _rows(tx: Tx, sql: str, account_id: int) -> Rows:
    found = await tx.execute(sql, {"account": account_id})
    assert found.description is not None, "a SELECT has columns"
    names = [column.name for column in found.description]
    return [dict(zip(names, row, strict=True)) async for row in found]


_PROFILE = """
SELECT id AS citizen_id, account_id, nickname, district_code, created_at
  FROM citizen WHERE account_id = %(account)s
"""
_LINKS = """
SELECT provider_id, subject AS link_id, valid_from, valid_until
  FROM link WHERE account_id = %(account)s ORDER BY valid_from, subject
"""
_CONSENTS = """
SELECT provider_id, scenario, notice_version, given_at, withdrawn_at
  FROM consent WHERE bucket = (%(account)s::bigint %% 1024)::smallint
   AND account_id = %(account)s ORDER BY given_at, provider_id, scenario
"""
_CLAIMS = """
SELECT id AS claim_id, provider_id, subject AS link_id, scenarios, proof, state, tries, made_at,
       decided_at
  FROM link_claim WHERE account_id = %(account)s ORDER BY made_at, id
"""
_GUARDIANS = """
SELECT ward_account_id = %(account)s AS as_ward, birth_year, declared_at, confirmed_at, ended_at,
       ranked, pooled
  FROM guardianship
 WHERE ward_account_id = %(account)s OR guardian_account_id = %(account)s ORDER BY declared_at
"""
_PARTS = (
    ("profile", _PROFILE),
    ("links", _LINKS),
    ("consents", _CONSENTS),
    ("link_claims", _CLAIMS),
    ("guardianships", _GUARDIANS),
)
