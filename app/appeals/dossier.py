"""What this room holds about one citizen: read for a copy, and forgotten when they leave."""

from collections.abc import Mapping

from app.database import Tx
from app.named import Rows, parts_of


async def dossier(tx: Tx, *, account_id: int) -> Mapping[str, Rows]:
    """Missing trips and appeals, with what was written and answered; officers are not named."""
    return await parts_of(tx, _PARTS, account_id=account_id)


async def forget(tx: Tx, *, account_id: int) -> int:
    """Blank what somebody wrote who leaves; that there was an appeal, and its answer, stays."""
    return (await tx.execute(_FORGET, {"account": account_id})).rowcount


_APPEALS = """
SELECT id AS appeal_id, CASE kind WHEN 1 THEN 'missing_trip' ELSE 'act' END AS kind,
       CASE state WHEN 1 THEN 'open' WHEN 2 THEN 'assigned' WHEN 3 THEN 'accepted'
                  ELSE 'refused' END AS state,
       provider_id, methodology, happened_from, happened_until, link_id, act_id, note, made_at,
       due_on, decided_at, reason_zh, reason_en, credited_id, grams, points
  FROM appeal
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
 ORDER BY made_at, id
"""
_FORGET = """
UPDATE appeal SET note = ''
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
   AND note <> ''
"""
_PARTS = (("appeals", _APPEALS),)
