"""The book of points: balances, entries by month, lots; and the outbox.

Locks: none that matter: every table is new.
Old code: does not know these tables.

Revision ID: 2026_11_21_0910
Revises: 2026_11_21_0900
"""

from alembic import op

revision = "2026_11_21_0910"
down_revision = "2026_11_21_0900"


def upgrade() -> None:
    """Create the tables, then say who may do what with them."""
    op.execute(_TABLES)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: the rows go with the tables."""
    op.execute(_GONE)


_TABLES = """
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
  PRIMARY KEY (bucket, account_id, unit),
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
  PRIMARY KEY (bucket, account_id, unit, seq, posted_at),
  CONSTRAINT entry_moves CHECK (amount <> 0)
) PARTITION BY RANGE (posted_at);
CREATE TABLE lot (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  unit SMALLINT NOT NULL,
  expires_on DATE NOT NULL,
  cum_earned BIGINT NOT NULL,
  PRIMARY KEY (bucket, account_id, unit, expires_on)
) WITH (fillfactor = 70);
CREATE TABLE outbox (
  bucket SMALLINT NOT NULL,
  id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  template VARCHAR(40) NOT NULL,
  facts JSONB NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, id)
);
CREATE TABLE entry_rest PARTITION OF entry DEFAULT;
"""

_RIGHTS = """
CREATE FUNCTION ensure_partitions(months_ahead int) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
  parent text;
  first_day date;
  name text;
  made int := 0;
BEGIN
  -- One at a time: two workers may wake at the same minute.
  PERFORM pg_advisory_xact_lock(hashtext('ensure_partitions'));
  FOREACH parent IN ARRAY ARRAY['entry', 'evidence'] LOOP
    CONTINUE WHEN to_regclass(parent) IS NULL;
    FOR ahead IN 0..least(greatest(months_ahead, 0), 24) LOOP
      first_day := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date;
      name := parent || to_char(first_day, '_YYYY_MM');
      CONTINUE WHEN to_regclass(name) IS NOT NULL;
      EXECUTE format(
        'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name, parent,
        first_day::timestamp AT TIME ZONE 'UTC',
        (first_day + interval '1 month') AT TIME ZONE 'UTC');
      -- Row triggers come with the parent, statement triggers do not.
      EXECUTE format(
        'CREATE TRIGGER keeps_its_rows BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
      EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER keeps_its_rows', name);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
REVOKE ALL ON FUNCTION ensure_partitions(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(int) TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON balance, lot TO puhui_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO puhui_app;
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE ON entry
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_keeps_its_rows BEFORE TRUNCATE ON entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_is_append_only;
ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_keeps_its_rows;
CREATE TRIGGER keeps_its_rows BEFORE TRUNCATE ON entry_rest
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE entry_rest ENABLE ALWAYS TRIGGER keeps_its_rows;
GRANT SELECT, INSERT ON entry TO puhui_app;
SELECT ensure_partitions(2);
"""

_GONE = """
DROP FUNCTION ensure_partitions(int);
DROP TABLE outbox, lot, entry, balance;
"""
