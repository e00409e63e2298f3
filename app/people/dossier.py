"""Read: all that this room holds about one citizen, for a copy of their data."""

from collections.abc import Mapping

from app.database import Tx
from app.named import Rows, parts_of


async def dossier(tx: Tx, *, account_id: int) -> Mapping[str, Rows]:
    """Profile, links, consents, claims, guardianships and households, as named rows."""
    return await parts_of(tx, _PARTS, account_id=account_id)


_PROFILE = """
SELECT id AS citizen_id, account_id, nickname, district_code, birth_year, language, created_at,
       moved_at
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
# The others of a household are people of their own: how many they are, and nothing else.
_HOUSEHOLDS = """
SELECT m.household_id, m.joined_at, m.left_at, h.members AS people_now
  FROM household_member m JOIN household h ON h.id = m.household_id
 WHERE m.account_id = %(account)s ORDER BY m.joined_at
"""
_PARTS = (
    ("profile", _PROFILE),
    ("links", _LINKS),
    ("consents", _CONSENTS),
    ("link_claims", _CLAIMS),
    ("guardianships", _GUARDIANS),
    ("households", _HOUSEHOLDS),
)
