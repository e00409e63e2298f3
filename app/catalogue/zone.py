"""Door: the zone of the programme's civil days. Reads only; one statement."""

from zoneinfo import ZoneInfo

from app.database import Tx


async def zone(tx: Tx) -> ZoneInfo:
    """Where the programme's midnight is; that of the default city before it is founded."""
    row = await (await tx.execute(_ZONE)).fetchone()
    assert row is not None, "one row without a table"
    return ZoneInfo(row[0])


_ZONE = "SELECT programme_zone()"
