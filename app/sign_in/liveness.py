"""Whether a session still lives: asked by the guards at every request that names one.

An access token lives ten minutes, longer than signing out may wait. What lived is believed for
two seconds in this process, so an ended session is dead within two seconds everywhere, and a busy
phone costs one query in two seconds. What is dead is never remembered.
"""

import time
from datetime import datetime
from uuid import UUID

from app.database import Database
from app.people.errors import NotSignedIn

BELIEVED_S = 2
REMEMBERED_MAX = 100_000


class Sessions:
    """One process's memory of which sessions lived a moment ago.

    Args:
        database: where the truth is.
        believed_s: for how many whole seconds an answer is good.

    """

    def __init__(self, database: Database, *, believed_s: int = BELIEVED_S) -> None:
        self._database = database
        self._believed_s = believed_s
        self._live_until: dict[UUID, float] = {}

    async def ensure_live(self, session_id: UUID, *, now: datetime) -> None:
        """Refuse a session that was ended.

        Raises:
            NotSignedIn: it was, or there is none.

        """
        moment = time.monotonic()
        if self._live_until.get(session_id, 0) > moment:
            return
        async with self._database.reading() as tx:
            found = await (await tx.execute(_LIVE, (session_id, now))).fetchone()
        if found is None:
            self._live_until.pop(session_id, None)
            raise ended()
        if len(self._live_until) >= REMEMBERED_MAX:
            self._live_until.clear()
        self._live_until[session_id] = moment + self._believed_s

    async def office_of(self, session_id: UUID, *, officer_id: UUID, now: datetime) -> str:
        """The role an officer has at this moment, with a session that lives: asked each time.

        Raises:
            NotSignedIn: the session was ended, or the officer is known no more.

        """
        async with self._database.reading() as tx:
            row = await (await tx.execute(_OFFICE, (session_id, officer_id, now))).fetchone()
        if row is None:
            raise ended()
        return str(row[0])

    def forget(self) -> None:
        """Believe nothing any more: somebody has just ended a session here."""
        self._live_until.clear()


def ended() -> NotSignedIn:
    """The refusal of a good token whose session is over."""
    return NotSignedIn("This session has ended; sign in again.", "登录已失效,请重新登录。")


_LIVE = """
SELECT FROM sign_in_session WHERE id = %s AND ended_at IS NULL AND ends_at > %s
"""
_OFFICE = """
SELECT o.role FROM sign_in_session s JOIN officer o ON o.id = s.person_id
 WHERE s.id = %s AND s.person_id = %s AND s.audience = 'officer'
   AND s.ended_at IS NULL AND s.ends_at > %s
"""
