"""Who may do what with the tables of merchants, offers, coupons and settlement.

A merchant's reads see the merchant's own rows only, a citizen's the citizen's, as
``2026_11_21_1308`` did for the tables that were there.

Locks: each table for the moment in which its policies are made.
Old code: goes on as puhui_app, for whom the policies are constantly true.

Revision ID: 2026_11_21_1440
Revises: 2026_11_21_1430
"""

from alembic import op

revision = "2026_11_21_1440"
down_revision = "2026_11_21_1430"

_CITIZENS = ("ticket", "coupon_undo", "coupon_refund")
_MERCHANTS = (
    "coupon_undo", "coupon_refund", "offline_batch", "offline_item", "till",
    "merchant_staff", "settlement", "settlement_line", "payout",
)  # fmt: skip


def upgrade() -> None:
    """Hide other people's rows, then say who may do what."""
    op.execute(_OWN_SALES)
    for table in _CITIZENS:
        op.execute(f"SELECT show_own_rows('{table}')")
    for table in _MERCHANTS:
        op.execute(f"SELECT show_own_sales('{table}')")
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossless."""
    for table in sorted({*_CITIZENS, *_MERCHANTS}):
        op.execute(_SHOW_ALL.format(table=table))
    op.execute(_GONE)


_OWN_SALES = """
CREATE FUNCTION show_own_sales(own regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', own);
  IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = own AND polname = 'served') THEN
    EXECUTE format('CREATE POLICY served ON %s TO puhui_app, puhui_worker, puhui_reader'
                   ' USING (true) WITH CHECK (true)', own);
  END IF;
  EXECUTE format('CREATE POLICY own_sales ON %s FOR SELECT TO puhui_caller USING ('
                 'merchant_id = nullif(current_setting(''puhui.merchant_id'', true), '''')::uuid)',
                 own);
  EXECUTE format('GRANT SELECT ON %s TO puhui_caller', own);
END $$;
REVOKE ALL ON FUNCTION show_own_sales(regclass) FROM PUBLIC;
"""

# No name of a person, no key and no bank account for reports; the worker closes days, imports
# codes, makes holders whole and grants tickets.
_RIGHTS = """
GRANT SELECT ON store, till_key, settlement_file, settlement_day, offer_funding, offer_withdrawal,
  exchange_rate, rotating_rule, rotating_use, merchant_transition, offer_code, payout_part
  TO puhui_caller;
GRANT SELECT ON store, till, merchant_transition, coupon_undo, coupon_refund, rotating_rule,
  rotating_use, offline_batch, offline_item, exchange_rate, funding_budget, offer_funding, offer_seed,
  settlement_cut_off, payout, payout_batch, payout_part, merchant_event, merchant_event_money
  TO puhui_worker;
GRANT SELECT, INSERT, UPDATE ON offer_withdrawal, funding_slot, offer_seed, ticket, offer_code,
  code_import TO puhui_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON code_line TO puhui_worker;
GRANT SELECT, INSERT ON settlement, settlement_line, settlement_file TO puhui_worker;
GRANT SELECT, INSERT, UPDATE (done_until, closed_at) ON settlement_day TO puhui_worker;
GRANT EXECUTE ON FUNCTION use_keys(int, jsonb, bigint, bigint, bigint, date),
  count_uses(uuid, int, jsonb, bigint, bigint, bigint, date), draw_funding(uuid, bigint, int),
  take_unit(uuid, text, int), take_code(uuid, uuid), grant_tickets(uuid, int, timestamptz)
  TO puhui_worker;
GRANT INSERT ON redemption TO puhui_worker;
GRANT UPDATE (presented_at, presented_by, slot, settled_on) ON redemption TO puhui_worker;
GRANT UPDATE ON offer TO puhui_worker;
GRANT SELECT ON store, coupon_undo, coupon_refund, exchange_rate, funding_budget, funding_slot,
  offer_funding, offer_seed, offer_withdrawal, offline_item, settlement, settlement_cut_off,
  settlement_day, settlement_file, settlement_line, merchant_transition TO puhui_reader;
"""

_SHOW_ALL = """
DROP POLICY IF EXISTS own_rows ON {table};
DROP POLICY IF EXISTS own_sales ON {table};
DROP POLICY IF EXISTS served ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""

_GONE = """
DROP FUNCTION show_own_sales(regclass);
REVOKE ALL ON FUNCTION use_keys(int, jsonb, bigint, bigint, bigint, date),
  count_uses(uuid, int, jsonb, bigint, bigint, bigint, date), draw_funding(uuid, bigint, int),
  take_unit(uuid, text, int), take_code(uuid, uuid), grant_tickets(uuid, int, timestamptz)
  FROM puhui_worker;
REVOKE ALL ON store, till, till_key, merchant_application, merchant_staff, merchant_transition,
  coupon_undo, coupon_refund, rotating_rule, rotating_use, offline_batch, offline_item,
  exchange_rate, funding_budget, funding_slot, offer_funding, offer_seed, offer_withdrawal, ticket,
  offer_code, code_import, code_line, settlement, settlement_cut_off, settlement_day,
  settlement_file, settlement_line, payout, payout_batch, payout_part, merchant_event,
  merchant_event_money FROM puhui_worker, puhui_reader, puhui_caller;
REVOKE INSERT ON redemption FROM puhui_worker;
REVOKE UPDATE (presented_at, presented_by, slot, settled_on) ON redemption FROM puhui_worker;
REVOKE UPDATE ON offer FROM puhui_worker;
"""
