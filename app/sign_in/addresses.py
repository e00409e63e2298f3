"""Door: who citizens are at WeChat, and where their apps are; opened for sending alone.

An openid came from `code2session` when somebody signed in, is sealed like every name, and goes
when its owner leaves. An app's address is kept with its session, and ends with it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.clock import utc_now
from app.database import Database
from app.people.vault import Vault
from app.sign_in.names import WECHAT
from app.sign_in.platforms import STAND_IN
from app.sign_in.sessions import PUSH


@dataclass(frozen=True, slots=True, repr=False)
class PushAddress:
    """What a phone's push service calls an app on it, and its owner's language. Never printed."""

    to: str
    english: bool


class AddressBook:
    """Finds openids and apps by account.

    Args:
        database: read from; the worker may read names.
        vault: opens them.
        clock: tells the time (UTC).

    """

    def __init__(
        self, database: Database, vault: Vault, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def openids(self, account_ids: Sequence[int]) -> Mapping[int, str]:
        """The openid of each account that signs in with WeChat, the newest of several.

        Whoever came by the console's stand-in is nobody at WeChat.
        """
        if not account_ids:
            return {}
        facts = {"accounts": list(account_ids), "kind": WECHAT}
        async with self._database.reading() as tx:
            rows = await (await tx.execute(_OPENIDS, facts)).fetchall()
        found = {
            account_id: self._vault.open(bytes(sealed), owner=owner, field=WECHAT)
            for account_id, owner, sealed in rows
        }
        return {who: name for who, name in found.items() if not name.startswith(STAND_IN)}

    async def push_addresses(
        self, account_ids: Sequence[int]
    ) -> Mapping[int, Sequence[PushAddress]]:
        """Where each account's apps are, in its language; those that are signed in."""
        if not account_ids:
            return {}
        facts = {"accounts": list(account_ids), "now": self._clock()}
        async with self._database.reading() as tx:
            rows = await (await tx.execute(_PUSHED, facts)).fetchall()
        found: dict[int, list[PushAddress]] = {}
        for account_id, owner, sealed, language in rows:
            to = self._vault.open(bytes(sealed), owner=owner, field=PUSH)
            found.setdefault(account_id, []).append(PushAddress(to, language == "en"))
        return found


_PUSHED = """
SELECT s.account_id, s.person_id, s.push_sealed, c.language
  FROM sign_in_session s JOIN citizen c ON c.account_id = s.account_id
 WHERE s.account_id = ANY(%(accounts)s::bigint[]) AND s.account_id > 0 AND s.ended_at IS NULL
   AND s.push_sealed IS NOT NULL AND least(s.ends_at, s.refresh_ends_at) > %(now)s
 ORDER BY s.id
"""
_OPENIDS = """
SELECT DISTINCT ON (c.account_id) c.account_id, c.id, n.sealed
  FROM citizen c JOIN sign_in_name n ON n.citizen_id = c.id AND n.kind = %(kind)s
 WHERE c.account_id = ANY(%(accounts)s::bigint[])
 ORDER BY c.account_id, n.bound_at DESC
"""
