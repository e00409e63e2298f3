"""Door: who citizens are at WeChat, for messages that go there; opened for sending alone.

An openid came from `code2session` when somebody signed in, is sealed like every name, and goes
when its owner leaves.
"""

from collections.abc import Mapping, Sequence

from app.database import Database
from app.people.vault import Vault
from app.sign_in.names import WECHAT
from app.sign_in.platforms import STAND_IN


class AddressBook:
    """Finds openids by account.

    Args:
        database: read from; the worker may read names.
        vault: opens them.

    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

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


_OPENIDS = """
SELECT DISTINCT ON (c.account_id) c.account_id, c.id, n.sealed
  FROM citizen c JOIN sign_in_name n ON n.citizen_id = c.id AND n.kind = %(kind)s
 WHERE c.account_id = ANY(%(accounts)s::bigint[])
 ORDER BY c.account_id, n.bound_at DESC
"""
