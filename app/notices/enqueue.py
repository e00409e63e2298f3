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

    It stands in the inbox at once, and in the outbox until it has been pushed; both under one id.

    Args:
        template: which sentence; the reader's language is chosen when it is read.
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
WITH promised AS (
  SELECT (account_id %% 1024)::smallint AS bucket, id, account_id, facts
    FROM unnest(%(ids)b::uuid[], %(accounts)b::bigint[], %(facts)b::jsonb[])
      AS t (id, account_id, facts)
), kept AS (
  INSERT INTO message (bucket, account_id, id, template, facts, created_at)
  SELECT bucket, account_id, id, %(template)s, facts, %(now)s FROM promised
)
INSERT INTO outbox (bucket, id, account_id, template, facts, created_at)
SELECT bucket, id, account_id, %(template)s, facts, %(now)s FROM promised
"""
