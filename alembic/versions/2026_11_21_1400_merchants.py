"""Onboarding of merchants: applications, contacts, states, stores, tills and their keys, staff.

Locks: merchant for the time of adding columns to a few dozen rows; the rest is new.
Old code: admits merchants without a state, which the column's default makes active.

Revision ID: 2026_11_21_1400
Revises: 2026_11_21_1320
"""

from alembic import op

revision = "2026_11_21_1400"
down_revision = "2026_11_21_1320"


def upgrade() -> None:
    """Give the merchants that are there a state and its first transition; create the tables."""
    op.execute(_STATES)
    op.execute(_ONBOARDING)
    op.execute(_COUNTER)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: applications, stores, tills, staff and the history of states go."""
    op.execute(_GONE)


_STATES = """
ALTER TABLE merchant
  ADD COLUMN state VARCHAR(12) NOT NULL DEFAULT 'active',
  ADD COLUMN activated_at timestamptz,
  ADD COLUMN application_id UUID;
UPDATE merchant SET activated_at = created_at,
  state = CASE WHEN suspended_at IS NULL THEN 'active' ELSE 'suspended' END;
ALTER TABLE merchant
  ADD CONSTRAINT merchant_state CHECK (state IN ('approved', 'active', 'suspended')),
  ADD CONSTRAINT merchant_suspended CHECK ((state = 'suspended') = (suspended_at IS NOT NULL)),
  ADD CONSTRAINT merchant_application_once UNIQUE (application_id);
"""

_ONBOARDING = """
CREATE TABLE merchant_application (
  id UUID NOT NULL,
  credit_code VARCHAR(18) NOT NULL,
  fingerprint BYTEA NOT NULL,
  name_zh VARCHAR(80) NOT NULL,
  name_en VARCHAR(80) NOT NULL,
  categories VARCHAR(20)[] NOT NULL,
  district_code VARCHAR(6) NOT NULL,
  agreement_version SMALLINT NOT NULL,
  state VARCHAR(12) NOT NULL,
  applied_at timestamptz NOT NULL,
  code VARCHAR(40),
  notes VARCHAR(1000),
  checked_by UUID,
  checked_at timestamptz,
  proposal_id UUID,
  decided_by UUID,
  decided_at timestamptz,
  refusal VARCHAR(500),
  PRIMARY KEY (id),
  CONSTRAINT merchant_application_state
    CHECK (state IN ('applied', 'checked', 'approved', 'refused')),
  CONSTRAINT merchant_application_checked CHECK (state NOT IN ('checked', 'approved')
    OR (code IS NOT NULL AND checked_by IS NOT NULL AND proposal_id IS NOT NULL)),
  CONSTRAINT merchant_application_two_people CHECK (state <> 'approved'
    OR (decided_by IS NOT NULL AND decided_by <> checked_by)),
  CONSTRAINT merchant_application_refused CHECK ((state = 'refused') = (refusal IS NOT NULL))
);
CREATE UNIQUE INDEX merchant_application_one_a_company ON merchant_application (credit_code)
  WHERE state <> 'refused';
CREATE INDEX merchant_application_waiting ON merchant_application (state, id);
CREATE TABLE merchant_contact (
  application_id UUID NOT NULL,
  contact_name VARCHAR(40) NOT NULL,
  phone VARCHAR(20) NOT NULL,
  bank_name VARCHAR(80) NOT NULL,
  bank_holder VARCHAR(80) NOT NULL,
  bank_account VARCHAR(34) NOT NULL,
  PRIMARY KEY (application_id)
);
CREATE TABLE merchant_transition (
  id UUID NOT NULL,
  subject UUID NOT NULL,
  from_state VARCHAR(12) NOT NULL,
  to_state VARCHAR(12) NOT NULL,
  actor VARCHAR(80) NOT NULL,
  reason VARCHAR(1000) NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX merchant_transition_subject ON merchant_transition (subject, id);
INSERT INTO merchant_transition (id, subject, from_state, to_state, actor, reason, at)
SELECT gen_random_uuid(), id, 'new', state, 'process:migration', 'known before onboarding was kept',
       created_at FROM merchant;
"""

_COUNTER = """
CREATE TABLE store (
  id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  code VARCHAR(20) NOT NULL,
  name_zh VARCHAR(80) NOT NULL,
  name_en VARCHAR(80) NOT NULL,
  address VARCHAR(200) NOT NULL,
  district_code VARCHAR(6) NOT NULL,
  latitude NUMERIC(8,6) NOT NULL,
  longitude NUMERIC(9,6) NOT NULL,
  opening_hours VARCHAR(200) NOT NULL,
  state VARCHAR(12) NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (id),
  CONSTRAINT store_code UNIQUE (merchant_id, code),
  CONSTRAINT store_state CHECK (state IN ('open', 'closed')),
  CONSTRAINT store_on_earth CHECK (latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180)
);
CREATE INDEX store_district ON store (district_code, id) WHERE state = 'open';
CREATE INDEX store_place ON store (latitude, longitude) WHERE state = 'open';
CREATE TABLE till (
  id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  store_id UUID NOT NULL,
  code VARCHAR(20) NOT NULL,
  label VARCHAR(40) NOT NULL,
  state VARCHAR(12) NOT NULL,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (id),
  CONSTRAINT till_code UNIQUE (store_id, code),
  CONSTRAINT till_state CHECK (state IN ('active', 'revoked')),
  CONSTRAINT till_revoked CHECK ((state = 'revoked') = (revoked_at IS NOT NULL))
);
CREATE INDEX till_merchant ON till (merchant_id, id);
CREATE TABLE till_key (
  id UUID NOT NULL,
  till_id UUID NOT NULL,
  prefix VARCHAR(12) NOT NULL,
  digest BYTEA NOT NULL,
  issued_at timestamptz NOT NULL,
  ends_at timestamptz,
  PRIMARY KEY (id),
  CONSTRAINT till_key_digest UNIQUE (digest)
);
CREATE UNIQUE INDEX till_key_one_current ON till_key (till_id) WHERE ends_at IS NULL;
CREATE INDEX till_key_till ON till_key (till_id, id);
CREATE TABLE merchant_staff (
  id UUID NOT NULL,
  merchant_id UUID NOT NULL,
  name VARCHAR(40) NOT NULL,
  role VARCHAR(12) NOT NULL,
  state VARCHAR(12) NOT NULL,
  invited_by VARCHAR(80) NOT NULL,
  invited_at timestamptz NOT NULL,
  code_digest BYTEA,
  code_ends_at timestamptz,
  accepted_at timestamptz,
  removed_at timestamptz,
  PRIMARY KEY (id),
  CONSTRAINT merchant_staff_code UNIQUE (code_digest),
  CONSTRAINT merchant_staff_role CHECK (role IN ('manager', 'cashier', 'accountant')),
  CONSTRAINT merchant_staff_state CHECK (state IN ('invited', 'active', 'removed')),
  CONSTRAINT merchant_staff_one_time CHECK ((code_digest IS NULL) = (code_ends_at IS NULL)),
  CONSTRAINT merchant_staff_removed CHECK ((state = 'removed') = (removed_at IS NOT NULL))
);
CREATE INDEX merchant_staff_merchant ON merchant_staff (merchant_id, id);
"""

_RIGHTS = """
GRANT SELECT, INSERT, UPDATE (state, code, notes, checked_by, checked_at, proposal_id, decided_by,
  decided_at, refusal) ON merchant_application TO puhui_app;
GRANT SELECT, INSERT ON merchant_contact TO puhui_app;
GRANT SELECT, INSERT, UPDATE (code, name_zh, name_en, address, district_code, latitude, longitude,
  opening_hours, state) ON store TO puhui_app;
GRANT SELECT, INSERT, UPDATE (label, state, revoked_at) ON till TO puhui_app;
GRANT SELECT, INSERT, UPDATE (ends_at) ON till_key TO puhui_app;
GRANT SELECT, INSERT, UPDATE (state, invited_by, invited_at, code_digest, code_ends_at, accepted_at,
  removed_at) ON merchant_staff TO puhui_app;
CREATE TRIGGER merchant_transition_is_append_only BEFORE UPDATE OR DELETE ON merchant_transition
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER merchant_transition_keeps_its_rows BEFORE TRUNCATE ON merchant_transition
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE merchant_transition ENABLE ALWAYS TRIGGER merchant_transition_is_append_only;
ALTER TABLE merchant_transition ENABLE ALWAYS TRIGGER merchant_transition_keeps_its_rows;
GRANT SELECT, INSERT ON merchant_transition TO puhui_app;
"""

_GONE = """
DROP TABLE merchant_staff, till_key, till, store, merchant_transition, merchant_contact,
  merchant_application;
ALTER TABLE merchant DROP COLUMN state, DROP COLUMN activated_at, DROP COLUMN application_id;
"""
