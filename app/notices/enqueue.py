"""Use case: promise messages, in the transaction that causes them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from app.database import Tx
from app.ids import new_id


async def enqueue(
    tx: Tx, *, template: str, facts_of: Mapping[int, Mapping[str, Any]], now: datetime
) -> None:
    """One message to each account, in one statement; no commit, no message.

    Args:
        template: which sentence; the reader's language is chosen on delivery.
        facts_of: per account, the numbers in the sentence.
        now: when (UTC).

    """
    if not facts_of:
        return
    await tx.execute(
        _ENQUEUE,
        {
            "ids": [new_id() for _ in facts_of],
            "accounts": list(facts_of),
            "facts": [Jsonb(dict(facts)) for facts in facts_of.values()],
            "template": template,
            "now": now,
        },
    )


_ENQUEUE = """
INSERT INTO outbox (bucket, id, account_id, template, facts, created_at)
SELECT (account_id %% 1024)::smallint, id, account_id, %(template)s, facts, %(now)s
  FROM unnest(%(ids)b::uuid[], %(accounts)b::bigint[], %(facts)b::jsonb[])
    AS t (id, account_id, facts)
"""
