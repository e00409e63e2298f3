"""Settlement: business days, closed files, payouts; and two views of what tills did.

Locks: none that anybody waits for; new tables and views only.
Old code: runs as before and settles nothing.

Revision ID: 2026_11_21_1430
Revises: 2026_11_21_1420
"""

from alembic import op

revision = "2026_11_21_1430"
down_revision = "2026_11_21_1420"

BOOKS = ("settlement_cut_off", "settlement", "settlement_line", "settlement_file")


def upgrade() -> None:
    """Create the tables, close the books among them, then the views."""
    op.execute(_TABLES)
    for book in BOOKS:
        op.execute(
            f"""
            GRANT SELECT, INSERT ON {book} TO puhui_app;
            CREATE TRIGGER {book}_is_append_only BEFORE UPDATE OR DELETE ON {book}
              FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER {book}_keeps_its_rows BEFORE TRUNCATE ON {book}
              FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            ALTER TABLE {book} ENABLE ALWAYS TRIGGER {book}_is_append_only;
            ALTER TABLE {book} ENABLE ALWAYS TRIGGER {book}_keeps_its_rows;
            """
        )
    op.execute(_VIEWS)
    op.execute(_GRANTS)


def downgrade() -> None:
    """Lossy: settlements and payouts go; what tills did stays."""
    op.execute(_GONE)


_TABLES = """
CREATE TABLE settlement_cut_off (
  version SMALLINT NOT NULL,
  from_day DATE NOT NULL,
  minutes SMALLINT NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (version),
  CONSTRAINT settlement_cut_off_minutes CHECK (minutes BETWEEN 0 AND 720)
);
CREATE TABLE settlement_day (
  day DATE NOT NULL,
  zone VARCHAR(40) NOT NULL,
  minutes SMALLINT NOT NULL,
  from_at timestamptz NOT NULL,
  until_at timestamptz NOT NULL,
  done_until UUID NOT NULL,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  PRIMARY KEY (day),
  CONSTRAINT settlement_day_order CHECK (until_at > from_at)
);
CREATE UNIQUE INDEX settlement_day_one_open ON settlement_day ((true)) WHERE closed_at IS NULL;
CREATE TABLE settlement (
  id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  day DATE NOT NULL,
  lines INTEGER NOT NULL,
  late_lines INTEGER NOT NULL,
  sales INTEGER NOT NULL,
  undone INTEGER NOT NULL,
  refunds INTEGER NOT NULL,
  points BIGINT NOT NULL,
  face_value_fen BIGINT NOT NULL,
  government_fen BIGINT NOT NULL,
  merchant_fen BIGINT NOT NULL,
  carbon_fen BIGINT NOT NULL,
  payable_fen BIGINT NOT NULL,
  previous_sha256 BYTEA,
  manifest_sha256 BYTEA NOT NULL,
  closed_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT settlement_once UNIQUE (merchant_id, day),
  CONSTRAINT settlement_lines CHECK (lines > 0 AND lines = sales + undone + refunds),
  CONSTRAINT settlement_split CHECK (
    face_value_fen = government_fen + merchant_fen + carbon_fen
    AND payable_fen = government_fen + carbon_fen)
);
CREATE INDEX settlement_by_day ON settlement (day, id);
CREATE TABLE settlement_line (
  merchant_id UUID NOT NULL,
  kind SMALLINT NOT NULL,
  number VARCHAR(64) NOT NULL,
  settlement_id UUID NOT NULL,
  place INTEGER NOT NULL,
  day DATE NOT NULL,
  store_code VARCHAR(20) NOT NULL,
  till_code VARCHAR(20) NOT NULL,
  PRIMARY KEY (merchant_id, kind, number),
  CONSTRAINT settlement_line_place UNIQUE (settlement_id, place),
  CONSTRAINT settlement_line_kind CHECK (kind BETWEEN 1 AND 3)
);
CREATE TABLE settlement_file (
  settlement_id UUID NOT NULL,
  name VARCHAR(20) NOT NULL,
  sha256 BYTEA NOT NULL,
  content BYTEA NOT NULL,
  PRIMARY KEY (settlement_id, name),
  CONSTRAINT settlement_file_name CHECK (name IN ('detail.csv', 'manifest.json'))
);
CREATE TABLE payout_batch (
  id UUID NOT NULL,
  state VARCHAR(12) NOT NULL,
  proposal_id UUID NOT NULL,
  proposed_by UUID NOT NULL,
  proposed_at timestamptz NOT NULL,
  decided_by UUID,
  decided_at timestamptz,
  payouts INTEGER NOT NULL,
  fen BIGINT NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT payout_batch_state CHECK (state IN ('proposed', 'approved', 'returned')),
  CONSTRAINT payout_batch_two_people CHECK (
    state <> 'approved' OR (decided_by IS NOT NULL AND decided_by <> proposed_by)),
  CONSTRAINT payout_batch_sums CHECK (payouts > 0 AND fen > 0)
);
CREATE TABLE payout (
  id UUID NOT NULL,
  batch_id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  fen BIGINT NOT NULL,
  bank_name VARCHAR(80) NOT NULL,
  bank_holder VARCHAR(80) NOT NULL,
  bank_account VARCHAR(40) NOT NULL,
  state VARCHAR(12) NOT NULL,
  approved_at timestamptz,
  bank_reference VARCHAR(64),
  resolved_by VARCHAR(80),
  resolved_at timestamptz,
  reason VARCHAR(200),
  PRIMARY KEY (id),
  CONSTRAINT payout_state CHECK (state IN ('proposed', 'approved', 'paid', 'returned')),
  CONSTRAINT payout_sum CHECK (fen > 0),
  CONSTRAINT payout_paid CHECK ((state = 'paid') = (bank_reference IS NOT NULL)),
  CONSTRAINT payout_returned CHECK ((state = 'returned') = (reason IS NOT NULL)),
  CONSTRAINT payout_approved CHECK (state NOT IN ('approved', 'paid') OR approved_at IS NOT NULL)
);
CREATE INDEX payout_batch_parts ON payout (batch_id, id);
CREATE UNIQUE INDEX payout_reference ON payout (bank_reference) WHERE bank_reference IS NOT NULL;
CREATE TABLE payout_part (
  payout_id UUID NOT NULL,
  settlement_id UUID NOT NULL,
  live BOOLEAN NOT NULL,
  PRIMARY KEY (payout_id, settlement_id)
);
CREATE UNIQUE INDEX payout_part_once ON payout_part (settlement_id) WHERE live;
"""

# What tills did, one row each: points from `low` to `high` of the coupon's price, given (1) or
# taken back (-1). `ref` names the entry in the book of points.
_VIEWS = """
CREATE VIEW merchant_event AS
SELECT s.merchant_id, 1::smallint AS kind, s.order_no AS number, s.order_no, s.scanned_at AS at,
       s.bucket, s.account_id, s.redemption_id, coalesce(s.entry_ref, s.redemption_id) AS ref,
       s.points, 0::bigint AS low, s.points AS high, 1 AS sign, s.store_id, s.actor, s.offline
  FROM scan s
UNION ALL
SELECT u.merchant_id, 2::smallint, u.order_no, u.order_no, u.undone_at,
       u.bucket, u.account_id, u.redemption_id, u.id,
       -u.points, 0::bigint, u.points, -1, s.store_id, u.actor, false
  FROM coupon_undo u
  LEFT JOIN scan s ON s.merchant_id = u.merchant_id AND s.order_no = u.order_no
UNION ALL
SELECT f.merchant_id, 3::smallint, f.refund_no, f.order_no, f.made_at,
       f.bucket, f.account_id, f.redemption_id, f.id,
       -f.points, f.refunded_points - f.points, f.refunded_points, -1, s.store_id, f.actor, false
  FROM coupon_refund f
  LEFT JOIN scan s ON s.merchant_id = f.merchant_id AND s.order_no = f.order_no;
CREATE VIEW merchant_event_money AS
SELECT e.*, r.offer_id, r.contra, r.coupon_digest, u.government_budget, u.carbon_budget,
       e.sign * (u.government * e.high / r.points - u.government * e.low / r.points)
         AS government_fen,
       e.sign * (u.merchant * e.high / r.points - u.merchant * e.low / r.points) AS merchant_fen,
       e.sign * (u.carbon * e.high / r.points - u.carbon * e.low / r.points) AS carbon_fen
  FROM merchant_event e
  JOIN redemption r ON r.bucket = e.bucket AND r.account_id = e.account_id
                   AND r.id = e.redemption_id
 CROSS JOIN LATERAL (
   SELECT coalesce(sum(f.fen) FILTER (WHERE f.kind = 1), 0) AS government,
          r.face_value_fen - coalesce(sum(f.fen) FILTER (WHERE f.kind <> 2), 0) AS merchant,
          coalesce(sum(f.fen) FILTER (WHERE f.kind = 3), 0) AS carbon,
          (array_agg(f.budget_id) FILTER (WHERE f.kind = 1))[1] AS government_budget,
          (array_agg(f.budget_id) FILTER (WHERE f.kind = 3))[1] AS carbon_budget
     FROM offer_funding f WHERE f.offer_id = r.offer_id) AS u;
"""

_GRANTS = """
GRANT SELECT ON merchant_event, merchant_event_money TO puhui_app;
GRANT SELECT, INSERT, UPDATE (done_until, closed_at) ON settlement_day TO puhui_app;
GRANT SELECT, INSERT, UPDATE (state, decided_by, decided_at) ON payout_batch TO puhui_app;
GRANT SELECT, INSERT, UPDATE (state, approved_at, bank_reference, resolved_by, resolved_at, reason)
  ON payout TO puhui_app;
GRANT SELECT, INSERT, UPDATE (live) ON payout_part TO puhui_app;
"""

_GONE = """
DROP VIEW merchant_event_money, merchant_event;
DROP TABLE payout_part, payout, payout_batch, settlement_file, settlement_line, settlement,
  settlement_day, settlement_cut_off;
"""
