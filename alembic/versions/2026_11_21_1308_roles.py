"""A role for each kind of work; a citizen's and a merchant's reads see their own rows only.

``puhui_worker`` does the background work: it books and sweeps, but signs nobody up, links no card
and decides no proposal. ``puhui_reader`` writes reports: it reads what names nobody.
``puhui_caller`` is what the API becomes while it reads for one citizen or one merchant: row-level
security shows it the rows of ``puhui.account_id`` or ``puhui.merchant_id``, which travel with each
statement, and no row at all without them. For the other roles the policies are constantly true,
which the planner folds away.

Whoever adds a table with a citizen's rows calls ``show_own_rows`` for it, or grants the caller
nothing; tests/house/test_grants.py knows every table, role and statement.

Locks: each table of `_OWN` for the moment in which its policies are made.
Old code: goes on as puhui_app, which loses nothing but COPY FROM into those tables.

Revision ID: 2026_11_21_1308
Revises: 2026_11_21_1305
"""

from alembic import op

revision = "2026_11_21_1308"
down_revision = "2026_11_21_1305"

_OWN = (
    "balance", "cause", "consent", "debt", "entry", "held_activity", "link", "lot", "redemption",
    "reduction", "reduction_correction", "scan",
)  # fmt: skip


def upgrade() -> None:
    """Make the roles if nobody has, hide other people's rows, say who may do what."""
    op.execute(_ROLES)
    op.execute(_OWN_ROWS)
    for table in _OWN:
        op.execute(f"SELECT show_own_rows('{table}')")
    op.execute(_MERCHANTS)
    op.execute(_CALLER)
    op.execute(_WORKER)
    op.execute(_READER)


def downgrade() -> None:
    """Lossless; the roles stay, for other databases of the server may use them."""
    for table in _OWN:
        op.execute(_SHOW_ALL.format(table=table))
    op.execute(_GONE)


# A managed database may refuse CREATE ROLE: then an administrator makes the roles once.
_ROLES = """
DO $$
DECLARE wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['puhui_worker', 'puhui_reader', 'puhui_caller'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      END IF;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of this server is migrated at this moment
      WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role % does not exist, and this login may not make it', wanted USING
          ERRCODE = 'insufficient_privilege',
          HINT = 'Let an administrator run, once: CREATE ROLE puhui_worker; CREATE ROLE puhui_reader;'
                 ' CREATE ROLE puhui_caller; GRANT puhui_caller TO puhui_app;'
                 ' ALTER ROLE puhui_reader SET default_transaction_read_only = on;'
                 ' Then run `puhui migrate` again.';
    END;
  END LOOP;
  -- The API becomes the caller while it reads for one.
  IF NOT pg_has_role('puhui_app', 'puhui_caller', 'MEMBER') THEN
    BEGIN
      GRANT puhui_caller TO puhui_app;
    EXCEPTION WHEN unique_violation OR internal_error THEN
      NULL;  -- the same
    WHEN insufficient_privilege THEN
      RAISE EXCEPTION 'puhui_app must be a member of puhui_caller' USING
        ERRCODE = 'insufficient_privilege',
        HINT = 'Let an administrator run, once: GRANT puhui_caller TO puhui_app;';
    END;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'puhui_reader'
                    AND 'default_transaction_read_only=on' = ANY (rolconfig)) THEN
    BEGIN
      ALTER ROLE puhui_reader SET default_transaction_read_only = on;
    EXCEPTION WHEN unique_violation OR internal_error THEN
      NULL;  -- the same
    WHEN insufficient_privilege THEN
      RAISE NOTICE 'puhui_reader is kept from writing by its rights alone';
    END;
  END IF;
  -- One login may migrate, serve and work, where the city has only one.
  FOREACH wanted IN ARRAY ARRAY['puhui_worker', 'puhui_reader', 'puhui_caller'] LOOP
    BEGIN
      IF NOT pg_has_role(current_user, wanted, 'MEMBER') THEN
        EXECUTE format('GRANT %I TO %I', wanted, current_user);
      END IF;
    EXCEPTION WHEN unique_violation OR internal_error THEN
      NULL;  -- the same
    WHEN insufficient_privilege THEN
      RAISE NOTICE 'the login of % must be made its member by an administrator', wanted;
    END;
  END LOOP;
END $$;
"""

_OWN_ROWS = """
CREATE FUNCTION show_own_rows(own regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', own);
  EXECUTE format('CREATE POLICY served ON %s TO puhui_app, puhui_worker, puhui_reader'
                 ' USING (true) WITH CHECK (true)', own);
  EXECUTE format('CREATE POLICY own_rows ON %s FOR SELECT TO puhui_caller USING ('
                 'account_id = nullif(current_setting(''puhui.account_id'', true), '''')::bigint)',
                 own);
  EXECUTE format('GRANT SELECT ON %s TO puhui_caller', own);
END $$;
REVOKE ALL ON FUNCTION show_own_rows(regclass) FROM PUBLIC;
"""

_MERCHANTS = """
CREATE POLICY own_sales ON redemption FOR SELECT TO puhui_caller USING (
  merchant_id = nullif(current_setting('puhui.merchant_id', true), '')::uuid);
CREATE POLICY own_sales ON scan FOR SELECT TO puhui_caller USING (
  merchant_id = nullif(current_setting('puhui.merchant_id', true), '')::uuid);
"""

_CALLER = """
GRANT USAGE ON SCHEMA public TO puhui_caller;
GRANT SELECT ON budget, correction, counter_account, factor_set, merchant, methodology_version,
  offer, offer_stock, programme, provider, tariff, unit TO puhui_caller;
"""

_WORKER = """
GRANT USAGE ON SCHEMA public, queue TO puhui_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA queue TO puhui_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA queue TO puhui_worker;
GRANT EXECUTE ON FUNCTION ensure_partitions(int) TO puhui_worker;
GRANT SELECT ON alembic_version, batch, budget, claim, consent, counter_account, evidence,
  factor_set, held_activity, ingest_file, ledger_epoch, link, merchant, natural_key, offer, programme, proposal,
  provider, reduction, request, scan, tariff, unit TO puhui_worker;
GRANT SELECT, INSERT ON audit_record, budget_draw, cause, dry_run_report, entry, expiry_notice,
  methodology_transition, reduction_correction, seal, seal_day, seal_round, shadow_result
  TO puhui_worker;
GRANT SELECT, INSERT, UPDATE ON balance, breakage, budget_month, budget_slot, cap_use,
  claim_subject, debt, ledger_cursor, ledger_sweep, lot, rollup TO puhui_worker;
GRANT SELECT, UPDATE ON offer_stock, offer_use TO puhui_worker;
GRANT SELECT, UPDATE (state, resolved_at) ON redemption TO puhui_worker;
GRANT SELECT, UPDATE (state, active_from, active_until, proposal_id) ON methodology_version
  TO puhui_worker;
GRANT SELECT, UPDATE (state, approved_at, finished_at, at_bucket, at_account, at_day, at_id,
  pass_changed, looked_at, changed, people, grams, points, booked_up, booked_down, shortfall)
  ON correction TO puhui_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO puhui_worker;
"""

# No name, no card, no coupon, nothing a provider sent, no answer that was given to a person.
_READER = """
GRANT USAGE ON SCHEMA public TO puhui_reader;
GRANT SELECT ON alembic_version, balance, batch, breakage, budget, budget_draw, budget_month,
  budget_slot, cap_use, cause, correction, counter_account, debt, dry_run_report, entry,
  expiry_notice, factor_set, held_activity, ingest_file, ledger_cursor, ledger_epoch, ledger_sweep,
  lot, merchant, methodology_transition, methodology_version, offer, offer_stock, offer_use,
  programme, provider, reduction, reduction_correction, rollup, scan, seal, seal_day, seal_round,
  shadow_result, tariff, unit TO puhui_reader;
"""

_SHOW_ALL = """
DROP POLICY own_rows ON {table};
DROP POLICY served ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""

_GONE = """
DROP POLICY own_sales ON redemption;
DROP POLICY own_sales ON scan;
DROP FUNCTION show_own_rows(regclass);
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM puhui_worker, puhui_reader, puhui_caller;
REVOKE ALL ON ALL TABLES IN SCHEMA queue FROM puhui_worker;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA queue FROM puhui_worker;
REVOKE ALL ON FUNCTION ensure_partitions(int) FROM puhui_worker;
REVOKE ALL ON SCHEMA public FROM puhui_worker, puhui_reader, puhui_caller;
REVOKE ALL ON SCHEMA queue FROM puhui_worker;
"""
