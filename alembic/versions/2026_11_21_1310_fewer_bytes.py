"""An act in fewer bytes: its id is the digest of its record's number, names stand in shapes.

Reductions keep values without names, and the citizen's own short interval in the same row.
Evidence is one packed block for each batch. Rows are converted: an act of before keeps its id,
and its digest stays in ``natural_key``, to which nothing is added from now on.

Locks: everything it touches, for as long as the conversion takes (about 40 s a million acts).
Old code: cannot write; it stops before this begins, and the new code starts afterwards.

Revision ID: 2026_11_21_1310
Revises: 2026_11_21_1308
"""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from alembic import op

revision = "2026_11_21_1310"
down_revision = "2026_11_21_1308"

BLOCK_LINES = 1_000
_ESCAPED = re.compile(r"\\([\\t])")


def upgrade() -> None:
    """Set the old rows aside, make the new tables, and write every row anew."""
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute(_ASIDE)
    op.execute(_TABLES)
    op.execute(_RIGHTS)
    _keep("evidence", by="refuse_change_but_forgetting")
    _keep("reduction")
    _keep("input_shape")
    op.execute(_REST_KEEPS_ITS_ROWS)
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor:
        _blocks(raw, cursor)
        shapes = {}
        rows = []
        for act, inputs, counts in _all(raw, "SELECT id, inputs, counts FROM old_reduction"):
            kept = {name: value for name, value in inputs.items() if name != "occurred_on"}
            kept |= {f"count:{name}": value for name, value in (counts or {}).items()}
            names = "\t".join(kept)
            shapes[_number_of(names)] = names
            rows.append((act, _number_of(names), _joined(list(kept.values()))))
        _copy(cursor, "COPY new_inputs (id, shape_id, inputs) FROM STDIN", rows)
        cursor.executemany("INSERT INTO input_shape VALUES (%s, %s)", list(shapes.items()))
    op.execute(_FILL)


def downgrade() -> None:
    """Write every row as it was; what was erased of the evidence stays erased."""
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute(_BACK_ASIDE)
    op.execute(_OLD_TABLES)
    op.execute(_OLD_RIGHTS)
    _keep("evidence")
    _keep("reduction")
    op.execute(_REST_KEEPS_ITS_ROWS)
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor:
        rows = []
        for act, day, names, values in _all(raw, _NEW_INPUTS):
            kept = _apart(names, values)
            counts = {
                name.removeprefix("count:"): value
                for name, value in kept.items()
                if name.startswith("count:")
            }
            inputs = {
                name: value
                for name, value in kept.items()
                if not name.startswith(("count:", "same:"))
            }
            inputs["occurred_on"] = day.isoformat()
            rows.append((act, json.dumps(inputs), json.dumps(counts) if counts else None))
        _copy(cursor, "COPY old_inputs (id, inputs, counts) FROM STDIN", rows)
        lines = []
        for number, provider_id, received_at, body in _all(raw, _NEW_BLOCKS):
            for line, text in enumerate(zlib.decompress(body).split(b"\n")):
                if text:
                    ref, methodology, data = json.loads(text, parse_float=str, parse_int=str)
                    told = json.dumps(data)
                    lines.append((number, line, provider_id, received_at, ref, methodology, told))
        _copy(cursor, _COPY_EVIDENCE, lines)
    op.execute(_FILL_BACK)


def _keep(table: str, *, by: str = "refuse_change") -> None:
    """Make a table append-only, whoever writes and however triggers are set."""
    for name, when in (
        ("is_append_only", f"UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {by}()"),
        ("keeps_its_rows", f"TRUNCATE ON {table} EXECUTE FUNCTION refuse_change()"),
    ):
        op.execute(f"CREATE TRIGGER {table}_{name} BEFORE {when}")
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")


def _blocks(raw: Any, cursor: Any) -> None:
    """Pack the evidence of each moment and provider, and remember where each act's lies."""
    places = []
    for (provider_id, received_at), rows in groupby(_all(raw, _OLD_EVIDENCE), lambda r: r[:2]):
        left = list(rows)
        while left:
            part, left = left[:BLOCK_LINES], left[BLOCK_LINES:]
            body = zlib.compress(
                b"\n".join(
                    json.dumps([row[4], row[5], row[6]], ensure_ascii=False).encode()
                    for row in part
                ),
                1,
            )
            cursor.execute(
                "INSERT INTO evidence (received_at, provider_id, bucket, body)"
                " VALUES (%s, %s, %s, %s) RETURNING no",
                (received_at, provider_id, part[0][2] % 1024, body),
            )
            number = cursor.fetchone()[0]
            places += [(row[3], number, line) for line, row in enumerate(part)]
    _copy(cursor, "COPY new_place (id, block_no, line) FROM STDIN", places)


def _all(raw: Any, query: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = raw.execute(query).fetchall()
    return rows


def _copy(cursor: Any, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _number_of(names: str) -> int:
    digest = hashlib.blake2b(names.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") & 0x7FFFFFFF


def _joined(values: list[str]) -> str:
    return "\t".join(value.replace("\\", "\\\\").replace("\t", "\\t") for value in values)


def _apart(names: str, values: str) -> dict[str, str]:
    if not names:
        return {}
    meant = {"\\": "\\", "t": "\t"}
    parts = [_ESCAPED.sub(lambda found: meant[found[1]], part) for part in values.split("\t")]
    return dict(zip(names.split("\t"), parts, strict=True))


_REST_KEEPS_ITS_ROWS = """
CREATE TRIGGER keeps_its_rows BEFORE TRUNCATE ON evidence_rest
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE evidence_rest ENABLE ALWAYS TRIGGER keeps_its_rows;
SELECT ensure_partitions(2);
"""
_ASIDE = """
CREATE TEMP TABLE old_reduction ON COMMIT DROP AS SELECT * FROM reduction;
CREATE TEMP TABLE old_evidence ON COMMIT DROP AS SELECT * FROM evidence;
CREATE TEMP TABLE new_place (id uuid PRIMARY KEY, block_no int, line smallint) ON COMMIT DROP;
CREATE TEMP TABLE new_inputs (id uuid PRIMARY KEY, shape_id int, inputs text) ON COMMIT DROP;
DROP TABLE reduction, evidence;
ALTER TABLE natural_key DISABLE TRIGGER natural_key_is_append_only;
DELETE FROM natural_key WHERE digest = activity_id;
ALTER TABLE natural_key ENABLE ALWAYS TRIGGER natural_key_is_append_only;
REVOKE INSERT ON natural_key FROM puhui_app;
"""
_OLD_EVIDENCE = """
SELECT provider_id, received_at, account_id, id, ref, methodology, data FROM old_evidence
 ORDER BY provider_id, received_at, id
"""
_TABLES = """
CREATE SEQUENCE evidence_number AS int;
CREATE TABLE evidence (
  no INTEGER NOT NULL DEFAULT nextval('evidence_number'),
  received_at timestamptz NOT NULL,
  erased INTEGER NOT NULL DEFAULT 0,
  provider_id SMALLINT NOT NULL,
  bucket SMALLINT NOT NULL,
  body BYTEA NOT NULL,
  PRIMARY KEY (no, received_at)
) PARTITION BY RANGE (received_at);
ALTER TABLE evidence ALTER body SET STORAGE EXTERNAL;
CREATE TABLE evidence_rest PARTITION OF evidence DEFAULT;
CREATE TABLE input_shape (
  id INTEGER NOT NULL,
  names TEXT NOT NULL,
  PRIMARY KEY (id)
);
CREATE TABLE reduction (
  id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  occurred_at timestamptz NOT NULL,
  grams INTEGER NOT NULL,
  points INTEGER NOT NULL,
  points_per_kg INTEGER NOT NULL,
  duration_s INTEGER NOT NULL,
  shape_id INTEGER NOT NULL,
  block_no INTEGER NOT NULL,
  occurred_on DATE NOT NULL,
  version_id SMALLINT NOT NULL,
  factor_set_id SMALLINT NOT NULL,
  scope SMALLINT NOT NULL,
  line SMALLINT NOT NULL,
  bucket SMALLINT NOT NULL,
  inputs TEXT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT reduction_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT reduction_signs
    CHECK (least(grams, points, duration_s, scope, block_no, line) >= 0)
);
ALTER TABLE held_activity ADD COLUMN block_no INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN line SMALLINT NOT NULL DEFAULT 0,
  DROP CONSTRAINT held_activity_pkey, ADD PRIMARY KEY (id);
ALTER TABLE held_activity ALTER block_no DROP DEFAULT, ALTER line DROP DEFAULT;
CREATE INDEX ix_held_activity_account_id ON held_activity (account_id);
"""
_RIGHTS = """
CREATE FUNCTION refuse_change_but_forgetting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF current_setting('puhui.forgetting', true) = 'on' AND NEW.erased > OLD.erased
       AND (NEW.no, NEW.received_at, NEW.provider_id, NEW.bucket)
           = (OLD.no, OLD.received_at, OLD.provider_id, OLD.bucket) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION forget_evidence(block int, packed bytea, lines int, seen int) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  done boolean;
BEGIN
  PERFORM set_config('puhui.forgetting', 'on', true);
  -- The block may have been written anew since the caller read it; then nothing happens.
  UPDATE evidence SET body = packed, erased = erased + lines WHERE no = block AND erased = seen;
  done := FOUND;
  PERFORM set_config('puhui.forgetting', 'off', true);
  RETURN done;
END $$;
REVOKE ALL ON FUNCTION forget_evidence(int, bytea, int, int), refuse_change_but_forgetting()
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_evidence(int, bytea, int, int) TO puhui_app;
GRANT USAGE ON SEQUENCE evidence_number TO puhui_app;
GRANT SELECT ON SEQUENCE evidence_number TO puhui_app;
GRANT SELECT, INSERT ON evidence, reduction, input_shape TO puhui_app;
GRANT SELECT ON evidence, reduction, input_shape TO puhui_worker;
GRANT SELECT ON reduction, input_shape TO puhui_reader;
GRANT SELECT ON input_shape TO puhui_caller;
SELECT show_own_rows('reduction');
-- What is booked so far was announced when it was booked.
INSERT INTO ledger_cursor (consumer, xid, moved_at)
SELECT 'announce', coalesce(max(xid), 0), now() FROM entry;
"""
_FILL = """
CREATE TEMP TABLE own_claim ON COMMIT DROP AS
SELECT DISTINCT ON (r.id) r.id, c.bucket, c.scope, c.subject, c.starts_at,
       extract(epoch FROM c.ends_at - c.starts_at)::int AS seconds
  FROM claim c JOIN old_reduction r ON r.id = c.reduction_id AND r.account_id = c.subject
       AND r.occurred_at = c.ends_at
 WHERE c.ends_at - c.starts_at BETWEEN interval '1 second' AND interval '1 day'
   AND date_trunc('second', c.ends_at - c.starts_at) = c.ends_at - c.starts_at
 ORDER BY r.id, c.scope;
DELETE FROM claim c USING own_claim o
 WHERE (c.bucket, c.scope, c.subject, c.starts_at) = (o.bucket, o.scope, o.subject, o.starts_at);
INSERT INTO reduction (id, account_id, occurred_at, grams, points, points_per_kg, duration_s,
                       shape_id, block_no, occurred_on, version_id, factor_set_id, scope, line,
                       bucket, inputs)
SELECT r.id, r.account_id, r.occurred_at, r.grams, r.points, r.points_per_kg,
       coalesce(o.seconds, 0), i.shape_id, coalesce(p.block_no, 0), r.occurred_on, r.version_id,
       r.factor_set_id, coalesce(o.scope, 0), coalesce(p.line, 0), r.bucket, i.inputs
  FROM old_reduction r JOIN new_inputs i USING (id) LEFT JOIN new_place p USING (id)
  LEFT JOIN own_claim o USING (id)
 ORDER BY r.id;
UPDATE held_activity h SET block_no = p.block_no, line = p.line FROM new_place p WHERE p.id = h.id;
CREATE INDEX reduction_days ON reduction (account_id, occurred_on);
UPDATE correction SET at_bucket = -1, at_account = 0, at_day = '0001-01-01',
       at_id = '00000000-0000-0000-0000-000000000000' WHERE state = 2;
"""

_BACK_ASIDE = """
CREATE TEMP TABLE new_reduction ON COMMIT DROP AS SELECT * FROM reduction;
CREATE TEMP TABLE new_block ON COMMIT DROP AS SELECT * FROM evidence;
CREATE TEMP TABLE new_shape ON COMMIT DROP AS SELECT * FROM input_shape;
CREATE TEMP TABLE old_inputs (id uuid PRIMARY KEY, inputs jsonb, counts jsonb) ON COMMIT DROP;
CREATE TEMP TABLE old_line (block_no int, line smallint, provider_id smallint,
  received_at timestamptz, ref text, methodology text, data jsonb,
  PRIMARY KEY (block_no, line)) ON COMMIT DROP;
DROP TABLE reduction, evidence, input_shape;
DROP SEQUENCE evidence_number;
DROP FUNCTION forget_evidence(int, bytea, int, int);
DROP FUNCTION refuse_change_but_forgetting();
GRANT INSERT ON natural_key TO puhui_app;
"""
_NEW_INPUTS = """
SELECT r.id, r.occurred_on, s.names, r.inputs
  FROM new_reduction r JOIN new_shape s ON s.id = r.shape_id
"""
_NEW_BLOCKS = "SELECT no, provider_id, received_at, body FROM new_block"
_COPY_EVIDENCE = """
COPY old_line (block_no, line, provider_id, received_at, ref, methodology, data) FROM STDIN
"""
_OLD_TABLES = """
CREATE TABLE evidence (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  id UUID NOT NULL,
  received_at timestamptz NOT NULL,
  provider_id SMALLINT NOT NULL,
  ref VARCHAR(80) NOT NULL,
  methodology VARCHAR(60) NOT NULL,
  data JSONB NOT NULL,
  PRIMARY KEY (bucket, account_id, id, received_at),
  CONSTRAINT evidence_bucket CHECK (bucket = account_id % 1024)
) PARTITION BY RANGE (received_at);
CREATE TABLE evidence_rest PARTITION OF evidence DEFAULT;
CREATE TABLE reduction (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  occurred_on DATE NOT NULL,
  id UUID NOT NULL,
  version_id SMALLINT NOT NULL,
  factor_set_id SMALLINT NOT NULL,
  points_per_kg INTEGER NOT NULL,
  grams BIGINT NOT NULL,
  points BIGINT NOT NULL,
  occurred_at timestamptz NOT NULL,
  inputs JSONB NOT NULL,
  counts JSONB,
  PRIMARY KEY (bucket, account_id, occurred_on, id),
  CONSTRAINT reduction_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT reduction_signs CHECK (grams >= 0 AND points >= 0)
);
"""
_OLD_RIGHTS = """
GRANT SELECT, INSERT ON evidence, reduction TO puhui_app;
GRANT SELECT ON evidence, reduction TO puhui_worker;
GRANT SELECT ON reduction TO puhui_reader;
SELECT show_own_rows('reduction');
DELETE FROM ledger_cursor WHERE consumer = 'announce';
"""
_FILL_BACK = """
INSERT INTO evidence (bucket, account_id, id, received_at, provider_id, ref, methodology, data)
SELECT a.bucket, a.account_id, a.id, l.received_at, l.provider_id, l.ref, l.methodology, l.data
  FROM old_line l
  JOIN (SELECT bucket, account_id, id, block_no, line FROM new_reduction
        UNION ALL SELECT bucket, account_id, id, block_no, line FROM held_activity) a
    USING (block_no, line);
INSERT INTO reduction (bucket, account_id, occurred_on, id, version_id, factor_set_id,
                       points_per_kg, grams, points, occurred_at, inputs, counts)
SELECT r.bucket, r.account_id, r.occurred_on, r.id, r.version_id, r.factor_set_id,
       r.points_per_kg, r.grams, r.points, r.occurred_at, i.inputs, i.counts
  FROM new_reduction r JOIN old_inputs i USING (id) ORDER BY r.bucket, r.account_id;
INSERT INTO claim (bucket, scope, subject, starts_at, ends_at, reduction_id)
SELECT bucket, scope, account_id, occurred_at - duration_s * interval '1 second', occurred_at, id
  FROM new_reduction WHERE scope <> 0;
INSERT INTO natural_key (digest, account_id, activity_id, occurred_on)
SELECT id, account_id, id, occurred_on FROM new_reduction WHERE substr(id::text, 15, 1) = '8'
UNION ALL
SELECT id, account_id, id, held_at::date FROM held_activity WHERE substr(id::text, 15, 1) = '8'
ON CONFLICT DO NOTHING;
DROP INDEX ix_held_activity_account_id;
ALTER TABLE held_activity DROP COLUMN block_no, DROP COLUMN line,
  DROP CONSTRAINT held_activity_pkey, ADD PRIMARY KEY (bucket, account_id, id);
UPDATE correction SET at_bucket = -1, at_account = 0, at_day = '0001-01-01',
       at_id = '00000000-0000-0000-0000-000000000000' WHERE state = 2;
"""
