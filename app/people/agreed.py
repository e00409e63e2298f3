"""Door: does a citizen agree, at this moment, to a scenario of a provider?"""

from app.database import Tx
from app.ids import bucket_of


async def agrees(tx: Tx, *, account_id: int, provider_id: int, scenario: str) -> bool:
    """Whether a consent is live; without one nothing is credited, whoever asks for it."""
    given = {
        "bucket": bucket_of(account_id),
        "account": account_id,
        "provider": provider_id,
        "scenario": scenario,
    }
    return await (await tx.execute(_AGREES, given)).fetchone() is not None


_AGREES = """
SELECT FROM consent
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND provider_id = %(provider)s
   AND scenario = %(scenario)s AND withdrawn_at IS NULL LIMIT 1
"""
