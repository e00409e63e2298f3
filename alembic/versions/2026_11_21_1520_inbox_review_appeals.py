"""A citizen's inbox, the review of held acts, and appeals with their deadlines.

Locks: held_activity, for the moment in which a right is granted; everything else is new.
Old code: goes on; messages that it promises do not reach the inbox, and nothing is reviewed.

Revision ID: 2026_11_21_1520
Revises: 2026_11_21_1510
"""

from alembic import op

revision = "2026_11_21_1520"
down_revision = "2026_11_21_1510"

_OWN = ("message", "held_review", "appeal")


def upgrade() -> None:
    """Create, hide other people's rows, then say who may do what."""
    for statements in (_INBOX, _REVIEW, _APPEALS):
        op.execute(statements)
    for table in _OWN:
        op.execute(f"SELECT show_own_rows('{table}')")
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: messages, reviews and appeals go; what was credited by them stays."""
    op.execute("REVOKE DELETE ON held_activity FROM puhui_app")
    op.execute("DROP TABLE appeal, held_review, message")


_INBOX = """
CREATE TABLE message (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  id UUID NOT NULL,
  xid BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  template VARCHAR(40) NOT NULL,
  facts JSONB NOT NULL,
  created_at timestamptz NOT NULL,
  read_at timestamptz,
  PRIMARY KEY (bucket, account_id, id),
  CONSTRAINT message_bucket CHECK (bucket = account_id % 1024)
);
CREATE INDEX message_news ON message (bucket, account_id, xid, id);
CREATE INDEX message_unread ON message (bucket, account_id) WHERE read_at IS NULL;
CREATE INDEX message_age ON message USING brin (created_at);
"""

_REVIEW = """
CREATE TABLE held_review (
  bucket SMALLINT NOT NULL,
  id UUID NOT NULL,
  nth SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  decision SMALLINT NOT NULL,
  reason_code VARCHAR(40) NOT NULL,
  reason_zh VARCHAR(300) NOT NULL,
  reason_en VARCHAR(300) NOT NULL,
  grams INTEGER NOT NULL,
  points INTEGER NOT NULL,
  officer_id UUID NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (bucket, id, nth),
  CONSTRAINT held_review_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT held_review_worth CHECK (
    nth >= 1 AND decision IN (1, 2) AND least(grams, points) >= 0
    AND (decision = 1 OR grams + points = 0))
);
CREATE INDEX held_review_account ON held_review (bucket, account_id);
CREATE TRIGGER held_review_is_append_only BEFORE UPDATE OR DELETE ON held_review
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER held_review_keeps_its_rows BEFORE TRUNCATE ON held_review
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE held_review ENABLE ALWAYS TRIGGER held_review_is_append_only;
ALTER TABLE held_review ENABLE ALWAYS TRIGGER held_review_keeps_its_rows;
"""

_APPEALS = """
CREATE TABLE appeal (
  bucket SMALLINT NOT NULL,
  account_id BIGINT NOT NULL,
  id UUID NOT NULL,
  kind SMALLINT NOT NULL,
  state SMALLINT NOT NULL,
  provider_id SMALLINT,
  methodology VARCHAR(60),
  happened_from timestamptz,
  happened_until timestamptz,
  link_id UUID,
  act_id UUID,
  note VARCHAR(500) NOT NULL,
  made_at timestamptz NOT NULL,
  due_on DATE NOT NULL,
  officer_id UUID,
  decided_at timestamptz,
  reason_zh VARCHAR(300),
  reason_en VARCHAR(300),
  credited_id UUID,
  grams INTEGER NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (bucket, account_id, id),
  CONSTRAINT appeal_bucket CHECK (bucket = account_id % 1024),
  CONSTRAINT appeal_state CHECK (state BETWEEN 1 AND 4),
  CONSTRAINT appeal_officer CHECK ((state = 1) = (officer_id IS NULL)),
  CONSTRAINT appeal_decided CHECK ((state >= 3) = (decided_at IS NOT NULL)),
  CONSTRAINT appeal_about CHECK (
    (kind = 1 AND provider_id IS NOT NULL AND methodology IS NOT NULL
     AND happened_until > happened_from AND link_id IS NOT NULL AND act_id IS NULL)
    OR (kind = 2 AND act_id IS NOT NULL))
);
CREATE INDEX appeal_due ON appeal (due_on, id) WHERE state < 3;
CREATE UNIQUE INDEX appeal_one_at_a_time ON appeal (bucket, account_id, act_id)
  WHERE state < 3 AND act_id IS NOT NULL;
"""

_RIGHTS = """
GRANT SELECT, INSERT, DELETE ON message TO puhui_app, puhui_worker;
GRANT UPDATE (read_at) ON message TO puhui_app;
GRANT SELECT, INSERT ON held_review TO puhui_app;
GRANT SELECT ON held_review TO puhui_worker, puhui_reader;
GRANT DELETE ON held_activity TO puhui_app;
GRANT SELECT, INSERT ON appeal TO puhui_app;
GRANT UPDATE (state, officer_id, decided_at, reason_zh, reason_en, credited_id, grams, points)
  ON appeal TO puhui_app;
"""
