"""Use case: a person leaves. What names them ends in one transaction; the account number stays.

The citizen's row is changed first. Whoever links a card or agrees to something holds that row
(`present.ensure_present`), so nothing is begun for somebody who is leaving: it was there before and
is ended here, or it finds the person gone.
"""

import secrets
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.people import data_keys, households
from app.people.guardians import oldest_child

NAME = "left-"
"""What a nickname becomes, with random letters behind it."""
NOWHERE = "000000"


async def forget(tx: Tx, *, account_id: int, now: datetime) -> UUID | None:
    """End everything that ties an account to a person, and destroy the person's key.

    Args:
        tx: the caller's transaction.
        account_id: whose.
        now: when (UTC).

    Returns:
        The citizen's id; None when there is nobody, or the person left before.

    """
    name = NAME + secrets.token_hex(8)
    facts = {"account": account_id, "name": name, "nowhere": NOWHERE, "now": now}
    facts |= {"y": oldest_child(now)}
    row = await (await tx.execute(_CITIZEN, facts)).fetchone()
    if row is None:
        return None
    owner: UUID = row[0]
    for statement in (_GUARDIANSHIPS, _WARDS, _LINKS, _CONSENTS, _CLAIMS):
        await tx.execute(statement, facts)
    await households.leave(tx, account_id=account_id, now=now)
    return owner if await data_keys.shred(tx, owner=owner, now=now) else None


# A changed nickname locks the row against those who hold it for sharing: it stands in a key.
_CITIZEN = """
UPDATE citizen c SET nickname = %(name)s, district_code = %(nowhere)s, birth_year = NULL
 WHERE account_id = %(account)s
   AND NOT EXISTS (SELECT FROM data_key d WHERE d.owner = c.id AND d.shredded_at IS NOT NULL)
RETURNING id
"""
_LINKS = """
UPDATE link SET valid_until = greatest(%(now)s, valid_from + interval '1 microsecond')
 WHERE account_id = %(account)s AND valid_until IS NULL
"""
_CONSENTS = """
UPDATE consent SET withdrawn_at = greatest(%(now)s, given_at)
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
   AND withdrawn_at IS NULL
"""
_CLAIMS = """
UPDATE link_claim SET state = 'cancelled', decided_at = %(now)s, card = NULL, answer = NULL
 WHERE account_id = %(account)s AND state = 'pending'
"""
# A child whose guardian leaves is without one: what was agreed to for it ends; who has grown up
# since has agreed alone. Whoever agrees for
# it at this moment holds the guardianship, which was ended in the statement before.
_WARDS = """
UPDATE consent c SET withdrawn_at = greatest(%(now)s, given_at)
  FROM guardianship g
 WHERE g.guardian_account_id = %(account)s AND g.ended_at = %(now)s AND g.birth_year >= %(y)s
   AND c.bucket = (g.ward_account_id %% 1024)::smallint AND c.account_id = g.ward_account_id
   AND c.withdrawn_at IS NULL
"""
_GUARDIANSHIPS = """
UPDATE guardianship SET ended_at = %(now)s, code_digest = NULL, code_expires_at = NULL
 WHERE (ward_account_id = %(account)s OR guardian_account_id = %(account)s) AND ended_at IS NULL
"""
