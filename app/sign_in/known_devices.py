"""Door: whether somebody has signed in before on the device that asks.

Who has pays from purses of that device's own, which strangers cannot empty: neither a number's
codes nor what everybody may fail together shuts out who is at home on their device. A device's
id is a secret of the device; nobody is told whether it is known.

Source: OWASP, "Device cookies".
"""

from uuid import UUID

from app.database import Tx


async def of_person(tx: Tx, *, person_id: UUID | None, device: bytes) -> bool:
    """Whether a person has a session on this device, open or ended; nobody has none."""
    row = await (await tx.execute(_OF_PERSON, (person_id, device))).fetchone()
    return row is not None


async def of_name(tx: Tx, *, kind: str, digest: bytes, device: bytes) -> bool:
    """The same for the citizen who has a name, by the name's blind index."""
    row = await (await tx.execute(_OF_NAME, (kind, digest, device))).fetchone()
    return row is not None


_OF_PERSON = "SELECT FROM sign_in_session WHERE person_id = %s AND device = %s LIMIT 1"
_OF_NAME = """
SELECT FROM sign_in_name n
  JOIN sign_in_session s ON s.person_id = n.citizen_id
 WHERE n.kind = %s AND n.digest = %s AND s.device = %s LIMIT 1
"""
