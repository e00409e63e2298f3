"""The programme's civil day, from which the days for an answer are counted."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.database import Tx

DEFAULT_ZONE = "Asia/Shanghai"


async def civil_day(tx: Tx, *, now: datetime) -> date:
    """Which day it is where the programme is; before it is set up, where most are."""
    row = await (await tx.execute(_ZONE)).fetchone()
    return now.astimezone(ZoneInfo(row[0] if row else DEFAULT_ZONE)).date()


_ZONE = "SELECT zone FROM programme LIMIT 1"
