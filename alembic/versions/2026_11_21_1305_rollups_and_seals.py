"""Cursors that follow the book, the roll-ups of counter-accounts, and the seals over entries.

A cursor is the last transaction a consumer has handled. Transactions are counted by one cluster;
a database that was dumped and restored elsewhere opens a new epoch, which raises the numbers of
all later entries above those of all earlier ones (``keep_ledger_epoch``, run by `puhui migrate`).

Locks: none that matter: every table is new.
Old code: does not know them; what it books is rolled up and sealed later.

Revision ID: 2026_11_21_1305
Revises: 2026_11_21_1300
"""

from alembic import op

revision = "2026_11_21_1305"
down_revision = "2026_11_21_1300"


def upgrade() -> None:
    """Create the tables and the functions, then say who may do what with them."""
    op.execute(_TABLES)
    op.execute(_EPOCHS)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: seals and roll-ups go. Roll-ups can be made again, old seals cannot."""
    op.execute(_GONE)


_TABLES = """
CREATE TABLE ledger_epoch (
  cluster BIGINT NOT NULL,
  opened_at timestamptz NOT NULL,
  epoch SMALLINT NOT NULL,
  PRIMARY KEY (epoch)
);
CREATE TABLE ledger_cursor (
  xid BIGINT NOT NULL,
  moved_at timestamptz NOT NULL,
  consumer VARCHAR(40) NOT NULL,
  PRIMARY KEY (consumer)
) WITH (fillfactor = 50);
CREATE TABLE rollup (
  n BIGINT NOT NULL,
  points BIGINT NOT NULL,
  contra INTEGER NOT NULL,
  day DATE NOT NULL,
  unit SMALLINT NOT NULL,
  kind SMALLINT NOT NULL,
  PRIMARY KEY (contra, unit, kind, day)
) WITH (fillfactor = 70);
CREATE TABLE breakage (
  n BIGINT NOT NULL,
  points BIGINT NOT NULL,
  day DATE NOT NULL,
  unit SMALLINT NOT NULL,
  PRIMARY KEY (unit, day)
) WITH (fillfactor = 70);
CREATE TABLE seal (
  nth BIGINT NOT NULL,
  after_xid BIGINT NOT NULL,
  upto_xid BIGINT NOT NULL,
  sealed_at timestamptz NOT NULL,
  entries INTEGER NOT NULL,
  bucket SMALLINT NOT NULL,
  root BYTEA NOT NULL,
  chain BYTEA NOT NULL,
  PRIMARY KEY (bucket, nth),
  CONSTRAINT seal_range CHECK (entries > 0 AND nth > 0 AND after_xid < upto_xid),
  CONSTRAINT seal_hashes CHECK (length(root) = 32 AND length(chain) = 32)
);
CREATE INDEX seal_order ON seal USING brin (upto_xid)
  WITH (pages_per_range = 16, autosummarize = on);
CREATE TABLE seal_round (
  nth BIGINT NOT NULL,
  after_xid BIGINT NOT NULL,
  upto_xid BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  sealed_at timestamptz NOT NULL,
  seals INTEGER NOT NULL,
  root BYTEA NOT NULL,
  chain BYTEA NOT NULL,
  PRIMARY KEY (nth),
  CONSTRAINT seal_round_upto UNIQUE (upto_xid),
  CONSTRAINT seal_round_range CHECK (seals > 0 AND nth > 0 AND after_xid < upto_xid),
  CONSTRAINT seal_round_hashes CHECK (length(root) = 32 AND length(chain) = 32)
);
CREATE TABLE seal_day (
  entries BIGINT NOT NULL,
  round BIGINT NOT NULL,
  sealed_at timestamptz NOT NULL,
  day DATE NOT NULL,
  buckets INTEGER NOT NULL,
  root BYTEA NOT NULL,
  chain BYTEA NOT NULL,
  PRIMARY KEY (day),
  CONSTRAINT seal_day_hashes CHECK (length(root) = 32 AND length(chain) = 32)
);
"""

# 281474976710656 is 2^48: no cluster comes that far, and 2^15 epochs fit above it.
_EPOCHS = """
INSERT INTO ledger_epoch (cluster, opened_at, epoch)
SELECT system_identifier, now(), 0 FROM pg_control_system();
CREATE FUNCTION open_ledger_epoch() RETURNS smallint LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
  opened smallint;
  booked regclass;
BEGIN
  LOCK TABLE entry, ledger_cursor, ledger_epoch IN ACCESS EXCLUSIVE MODE;
  INSERT INTO ledger_epoch (cluster, opened_at, epoch)
  SELECT (SELECT system_identifier FROM pg_control_system()), now(), max(epoch) + 1
    FROM ledger_epoch RETURNING epoch INTO opened;
  FOREACH booked IN ARRAY ARRAY['entry', 'cause']::regclass[] LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN xid SET DEFAULT'
                   ' (pg_current_xact_id()::text::bigint + %s)', booked, opened * 281474976710656);
  END LOOP;
  RETURN opened;
END $$;
CREATE FUNCTION keep_ledger_epoch() RETURNS smallint LANGUAGE plpgsql SET search_path = public AS $$
DECLARE newest ledger_epoch;
BEGIN
  SELECT * INTO STRICT newest FROM ledger_epoch ORDER BY epoch DESC LIMIT 1;
  IF newest.cluster = (SELECT system_identifier FROM pg_control_system()) THEN
    RETURN newest.epoch;
  END IF;
  RETURN open_ledger_epoch();
END $$;
REVOKE ALL ON FUNCTION open_ledger_epoch(), keep_ledger_epoch() FROM PUBLIC;
"""

_RIGHTS = """
GRANT SELECT, INSERT, UPDATE ON ledger_cursor, rollup, breakage TO puhui_app;
GRANT SELECT, INSERT ON seal, seal_round, seal_day TO puhui_app;
GRANT SELECT ON ledger_epoch TO puhui_app;
DO $$
DECLARE kept text;
BEGIN
  FOREACH kept IN ARRAY ARRAY['seal', 'seal_round', 'seal_day', 'ledger_epoch'] LOOP
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I'
                   ' FOR EACH ROW EXECUTE FUNCTION refuse_change()', kept || '_is_append_only', kept);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept || '_keeps_its_rows', kept);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', kept, kept || '_is_append_only');
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', kept, kept || '_keeps_its_rows');
  END LOOP;
END $$;
"""

_GONE = """
DO $$
BEGIN
  IF (SELECT max(epoch) FROM ledger_epoch) > 0 THEN
    RAISE EXCEPTION 'a later epoch has been opened: its entries need this migration';
  END IF;
END $$;
DROP FUNCTION keep_ledger_epoch();
DROP FUNCTION open_ledger_epoch();
DROP TABLE seal_day, seal_round, seal, breakage, rollup, ledger_cursor, ledger_epoch;
"""
