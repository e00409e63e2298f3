"""Fewer bytes per entry, the newest lot implicit; units, counter-accounts, causes, debts, sweeps.

Entries and balances are copied into tables whose columns are ordered so that nothing is padded
away; an entry also knows its transaction, so that readers can follow the book without gaps. The
newest lot of an account is its balance's own (``last_expiry``, ``earned``): such rows of ``lot`` go.

Locks: entry, balance and lot are closed to everybody while they are copied.
Old code: stop it first. It would write lots that are implicit now.

Revision ID: 2026_11_21_1300
Revises: 2026_11_21_1220
"""

from alembic import op

revision = "2026_11_21_1300"
down_revision = "2026_11_21_1220"


def upgrade() -> None:
    """Move the old tables aside, copy them into the new ones, drop the old."""
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute(_ASIDE)
    op.execute(_NEW)
    op.execute(_MONTHS)
    op.execute(_COPY)
    op.execute(_KEYS_UP)
    op.execute(_RIGHTS)
    op.execute(_AWAY)
    op.execute(_LOTS_UP)
    op.execute(_TABLES)
    op.execute(_TABLE_RIGHTS)


def downgrade() -> None:
    """Lossless for entries, balances and lots; the tables that are new here go with their rows."""
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute("DROP TABLE unit, counter_account, cause, debt, expiry_notice, ledger_sweep")
    op.execute(_LOTS_DOWN)
    op.execute(_ASIDE)
    op.execute(_OLD)
    op.execute(_MONTHS)
    op.execute(_COPY)
    op.execute(_KEYS_DOWN)
    op.execute(_RIGHTS)
    op.execute(_AWAY)


_ASIDE = """
CREATE SCHEMA ledger_before;
DO $$
DECLARE part regclass;
BEGIN
  LOCK TABLE entry, balance, lot IN ACCESS EXCLUSIVE MODE;
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'public.entry'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET SCHEMA ledger_before', part);
  END LOOP;
  ALTER TABLE entry SET SCHEMA ledger_before;
  ALTER TABLE balance SET SCHEMA ledger_before;
END $$;
"""

_NEW = """
CREATE TABLE balance (
  account_id BIGINT NOT NULL,
  earned BIGINT NOT NULL,
  consumed BIGINT NOT NULL,
  held BIGINT NOT NULL,
  last_posted_at timestamptz NOT NULL,
  last_seq INTEGER NOT NULL,
  last_expiry DATE NOT NULL,
  bucket SMALLINT NOT NULL,
  unit SMALLINT NOT NULL,
  CONSTRAINT balance_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT balance_signs CHECK (least(earned, consumed, held) >= 0),
  CONSTRAINT balance_covered CHECK (earned - consumed - held >= 0)
) WITH (fillfactor = 80);
CREATE TABLE entry (
  account_id BIGINT NOT NULL,
  earned_after BIGINT NOT NULL,
  consumed_after BIGINT NOT NULL,
  effective_at timestamptz NOT NULL,
  posted_at timestamptz NOT NULL,
  xid BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  ref UUID NOT NULL,
  seq INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  contra INTEGER NOT NULL,
  bucket SMALLINT NOT NULL,
  unit SMALLINT NOT NULL,
  kind SMALLINT NOT NULL,
  CONSTRAINT entry_moves CHECK (amount <> 0)
) PARTITION BY RANGE (posted_at);
"""

_OLD = """
CREATE TABLE balance (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  unit SMALLINT NOT NULL,
  earned BIGINT NOT NULL,
  consumed BIGINT NOT NULL,
  held BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  last_posted_at timestamptz NOT NULL,
  last_expiry DATE NOT NULL,
  CONSTRAINT balance_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT balance_signs CHECK (least(earned, consumed, held) >= 0),
  CONSTRAINT balance_covered CHECK (earned - consumed - held >= 0)
) WITH (fillfactor = 70);
CREATE TABLE entry (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  unit SMALLINT NOT NULL,
  seq BIGINT NOT NULL,
  posted_at timestamptz NOT NULL,
  kind SMALLINT NOT NULL,
  amount BIGINT NOT NULL,
  contra BIGINT NOT NULL,
  ref UUID NOT NULL,
  earned_after BIGINT NOT NULL,
  consumed_after BIGINT NOT NULL,
  effective_at timestamptz NOT NULL,
  CONSTRAINT entry_moves CHECK (amount <> 0)
) PARTITION BY RANGE (posted_at);
"""

# The same months as before, with the same bounds.
_MONTHS = """
DO $$
DECLARE part record;
BEGIN
  FOR part IN SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) AS bound
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               WHERE i.inhparent = 'ledger_before.entry'::regclass ORDER BY 1 LOOP
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.entry %s', part.relname, part.bound);
  END LOOP;
END $$;
"""

# Both shapes have these columns; the transaction is a default.
_COPY = """
INSERT INTO balance (account_id, earned, consumed, held, last_posted_at, last_seq, last_expiry,
                     bucket, unit)
SELECT account_id, earned, consumed, held, last_posted_at, last_seq, last_expiry, bucket, unit
  FROM ledger_before.balance ORDER BY bucket, account_id;
INSERT INTO entry (account_id, earned_after, consumed_after, effective_at, posted_at, ref, seq,
                   amount, contra, bucket, unit, kind)
SELECT account_id, earned_after, consumed_after, effective_at, posted_at, ref, seq,
       amount, contra, bucket, unit, kind
  FROM ledger_before.entry;
"""

_KEYS_UP = """
ALTER TABLE balance ADD PRIMARY KEY (bucket, account_id, unit);
ALTER TABLE entry ADD PRIMARY KEY (account_id, unit, bucket, seq, posted_at);
CREATE INDEX entry_xid ON entry USING brin (xid)
  WITH (pages_per_range = 16, autosummarize = on);
"""
_KEYS_DOWN = """
ALTER TABLE balance ADD PRIMARY KEY (bucket, account_id, unit);
ALTER TABLE entry ADD PRIMARY KEY (bucket, account_id, unit, seq, posted_at);
"""

_RIGHTS = """
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE ON entry
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_keeps_its_rows BEFORE TRUNCATE ON entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_is_append_only;
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_keeps_its_rows;
DO $$
DECLARE part regclass;
BEGIN
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'public.entry'::regclass LOOP
    EXECUTE format('CREATE TRIGGER keeps_its_rows BEFORE TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', part);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER keeps_its_rows', part);
  END LOOP;
END $$;
GRANT SELECT, INSERT ON entry TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON balance TO puhui_app;
"""

_AWAY = """
DROP TABLE ledger_before.entry, ledger_before.balance;
DROP SCHEMA ledger_before;
"""

_LOTS_UP = """
DELETE FROM lot l USING balance b
 WHERE b.bucket = l.bucket AND b.account_id = l.account_id AND b.unit = l.unit
   AND l.expires_on = b.last_expiry AND l.cum_earned = b.earned;
"""
_LOTS_DOWN = """
INSERT INTO lot (bucket, account_id, unit, expires_on, cum_earned)
SELECT bucket, account_id, unit, last_expiry, earned FROM balance WHERE earned > 0
ON CONFLICT (bucket, account_id, unit, expires_on) DO UPDATE SET cum_earned = EXCLUDED.cum_earned;
"""

_TABLES = """
CREATE TABLE unit (
  id SMALLINT NOT NULL,
  life_months SMALLINT,
  last_day DATE,
  code VARCHAR(40) NOT NULL,
  name_zh VARCHAR(120) NOT NULL,
  name_en VARCHAR(120) NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT unit_code UNIQUE (code),
  CONSTRAINT unit_life CHECK ((life_months IS NULL) <> (last_day IS NULL) AND life_months > 0)
);
INSERT INTO unit (id, life_months, code, name_zh, name_en)
VALUES (1, 24, 'points', '积分', 'Points');
CREATE TABLE counter_account (
  number INTEGER NOT NULL,
  created_at timestamptz NOT NULL,
  kind VARCHAR(20) NOT NULL,
  name_zh VARCHAR(120) NOT NULL,
  name_en VARCHAR(120) NOT NULL,
  PRIMARY KEY (number),
  CONSTRAINT counter_account_number CHECK (CASE kind
    WHEN 'sponsor' THEN number BETWEEN 100 AND 499
    WHEN 'pool' THEN number BETWEEN 500 AND 999
    WHEN 'merchant' THEN number >= 1000
    ELSE kind IN ('programme', 'expiry', 'adjustment', 'correction', 'reserve')
         AND number BETWEEN 1 AND 99 END)
);
INSERT INTO counter_account (number, created_at, kind, name_zh, name_en) VALUES
  (1, now(), 'programme', '碳普惠项目', 'Programme'),
  (2, now(), 'expiry', '积分过期', 'Expired points'),
  (3, now(), 'adjustment', '人工调整', 'Adjustments by officers'),
  (4, now(), 'correction', '核算更正', 'Corrections of methodologies'),
  (5, now(), 'reserve', '更正准备金', 'Correction reserve');
CREATE TABLE cause (
  account_id BIGINT NOT NULL,
  posted_at timestamptz NOT NULL,
  xid BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  ref UUID NOT NULL,
  of_ref UUID NOT NULL,
  points INTEGER NOT NULL,
  booked INTEGER NOT NULL,
  owed INTEGER NOT NULL,
  borne INTEGER NOT NULL,
  contra INTEGER NOT NULL,
  bucket SMALLINT NOT NULL,
  unit SMALLINT NOT NULL,
  kind SMALLINT NOT NULL,
  PRIMARY KEY (bucket, account_id, unit, kind, ref),
  CONSTRAINT cause_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT cause_sums CHECK (points = booked - owed - borne),
  CONSTRAINT cause_signs CHECK (points <> 0 AND least(owed, borne) >= 0)
);
CREATE INDEX cause_xid ON cause USING brin (xid) WITH (pages_per_range = 16, autosummarize = on);
CREATE TABLE debt (
  account_id BIGINT NOT NULL,
  owed BIGINT NOT NULL,
  cap BIGINT NOT NULL,
  bucket SMALLINT NOT NULL,
  unit SMALLINT NOT NULL,
  PRIMARY KEY (bucket, account_id, unit),
  CONSTRAINT debt_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT debt_capped CHECK (owed BETWEEN 0 AND cap)
) WITH (fillfactor = 80);
CREATE TABLE expiry_notice (
  account_id BIGINT NOT NULL,
  told_at timestamptz NOT NULL,
  expires_on DATE NOT NULL,
  bucket SMALLINT NOT NULL,
  unit SMALLINT NOT NULL,
  days SMALLINT NOT NULL,
  PRIMARY KEY (bucket, account_id, unit, expires_on, days),
  CONSTRAINT expiry_notice_days CHECK (days IN (30, 7, 1))
);
CREATE TABLE ledger_sweep (
  day DATE NOT NULL,
  next_bucket SMALLINT NOT NULL,
  name VARCHAR(40) NOT NULL,
  PRIMARY KEY (name)
);
"""

_TABLE_RIGHTS = """
GRANT SELECT, INSERT, UPDATE ON unit TO puhui_app;
GRANT SELECT, INSERT ON counter_account TO puhui_app;
GRANT SELECT, INSERT ON cause TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON debt, ledger_sweep TO puhui_app;
GRANT SELECT, INSERT ON expiry_notice TO puhui_app;
CREATE TRIGGER cause_is_append_only BEFORE UPDATE OR DELETE ON cause
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cause_keeps_its_rows BEFORE TRUNCATE ON cause
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE cause ENABLE ALWAYS TRIGGER cause_is_append_only;
ALTER TABLE cause ENABLE ALWAYS TRIGGER cause_keeps_its_rows;
"""
