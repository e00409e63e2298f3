"""How many bytes a city takes on disk: each table, and each of its indexes."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg


@dataclass(frozen=True)
class Sizes:
    """Bytes by name (partitions count as their parent's), and of the write-ahead log so far."""

    parts: Mapping[str, int]
    wal: int

    @property
    def total(self) -> int:
        """All tables and indexes."""
        return sum(self.parts.values())

    def less(self, before: "Sizes") -> "Sizes":
        """What has come since."""
        grown = {name: size - before.parts.get(name, 0) for name, size in self.parts.items()}
        return Sizes({name: size for name, size in grown.items() if size}, self.wal - before.wal)


def sizes(url: str) -> Sizes:
    """As they are now; every table of the schema, so that none is forgotten."""
    with psycopg.connect(url, autocommit=True) as connection:
        parts = dict(connection.execute(_TABLES).fetchall())
        parts |= dict(connection.execute(_INDEXES).fetchall())
        wal = connection.execute("SELECT pg_current_wal_lsn() - '0/0'").fetchone()
        assert wal is not None
        return Sizes(parts, int(wal[0]))


_TABLES = """
SELECT coalesce(h.inhparent, c.oid)::regclass::text, sum(pg_table_size(c.oid))::bigint
  FROM pg_class c LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
 GROUP BY 1
"""
_INDEXES = """
SELECT coalesce(h.inhparent, i.indexrelid)::regclass::text,
       sum(pg_relation_size(i.indexrelid))::bigint
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
 WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace
 GROUP BY 1
"""
