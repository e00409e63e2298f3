"""Codes, budgets, sessions, names and credentials of signing in; officers' five roles.

Locks: `officer` for the moment in which roles get their names.
Old code: goes on; it knows no sessions, and asks only whether an officer is of finance.

Revision ID: 2026_11_21_1500
Revises: 2026_11_21_1471
"""

from alembic import op

revision = "2026_11_21_1500"
down_revision = "2026_11_21_1471"


def upgrade() -> None:
    """Create the tables, then say who may do what with them."""
    op.execute(_TABLES)
    op.execute("SELECT show_own_rows('sign_in_session')")
    op.execute(_RIGHTS)
    op.execute(_OFFICES)


def downgrade() -> None:
    """Lossy: everybody is signed out, and citizens who came by phone are known by account only."""
    op.execute(_GONE)


_TABLES = """
CREATE TABLE sign_in_name (
  kind VARCHAR(12) NOT NULL,
  digest BYTEA NOT NULL,
  citizen_id UUID NOT NULL,
  sealed BYTEA NOT NULL,
  bound_at timestamptz NOT NULL,
  PRIMARY KEY (kind, digest),
  CONSTRAINT sign_in_name_kind CHECK (kind IN ('phone', 'wechat', 'alipay'))
);
CREATE INDEX sign_in_name_citizen ON sign_in_name (citizen_id);
CREATE TABLE one_time_code (
  phone BYTEA NOT NULL,
  device BYTEA NOT NULL,
  digest BYTEA NOT NULL,
  tries SMALLINT NOT NULL,
  made_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (phone, device),
  CONSTRAINT one_time_code_tries CHECK (tries BETWEEN 0 AND 3),
  CONSTRAINT one_time_code_life CHECK (
    ends_at > made_at AND ends_at <= made_at + interval '5 minutes')
);
CREATE INDEX one_time_code_end ON one_time_code (ends_at);
CREATE TABLE sign_in_budget (
  kind VARCHAR(20) NOT NULL,
  who BYTEA NOT NULL,
  last_at timestamptz NOT NULL,
  times timestamptz[] NOT NULL,
  PRIMARY KEY (kind, who)
);
CREATE INDEX sign_in_budget_last ON sign_in_budget (last_at);
CREATE TABLE sign_in_count (
  kind VARCHAR(20) NOT NULL,
  hour_at timestamptz NOT NULL,
  slot SMALLINT NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (kind, hour_at, slot),
  CONSTRAINT sign_in_count_slot CHECK (slot BETWEEN 0 AND 15)
);
CREATE TABLE sign_in_session (
  id UUID NOT NULL,
  audience VARCHAR(12) NOT NULL,
  person_id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  device BYTEA NOT NULL,
  device_name VARCHAR(60) NOT NULL,
  platform VARCHAR(20) NOT NULL,
  began_at timestamptz NOT NULL,
  renewed_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  refresh_digest BYTEA NOT NULL,
  refresh_ends_at timestamptz NOT NULL,
  previous_digest BYTEA,
  ended_at timestamptz,
  ended_why VARCHAR(20),
  PRIMARY KEY (id),
  CONSTRAINT sign_in_session_audience CHECK (audience IN ('citizen', 'officer', 'merchant')),
  CONSTRAINT sign_in_session_account CHECK ((audience = 'citizen') = (account_id > 0)),
  CONSTRAINT sign_in_session_ended_whole CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE INDEX sign_in_session_person ON sign_in_session (person_id, id) WHERE ended_at IS NULL;
CREATE INDEX sign_in_session_account ON sign_in_session (account_id, id)
  WHERE ended_at IS NULL AND account_id > 0;
CREATE INDEX sign_in_session_end ON sign_in_session (ends_at);
CREATE TABLE credential (
  person_id UUID NOT NULL,
  password_hash VARCHAR(200) NOT NULL,
  totp_sealed BYTEA NOT NULL,
  totp_step BIGINT NOT NULL,
  set_at timestamptz NOT NULL,
  PRIMARY KEY (person_id)
);
CREATE TABLE enrolment (
  officer_id UUID NOT NULL,
  digest BYTEA NOT NULL,
  ends_at timestamptz NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (officer_id),
  CONSTRAINT enrolment_digest UNIQUE (digest)
);
CREATE TABLE signing_key (
  kid VARCHAR(43) NOT NULL,
  public_key BYTEA NOT NULL,
  sealed BYTEA NOT NULL,
  made_at timestamptz NOT NULL,
  signs_from timestamptz NOT NULL,
  ends_at timestamptz,
  PRIMARY KEY (kid)
);
"""

# The worker forgets, and ends what belongs to somebody who leaves; reports see none of it. Nobody may move a session to another person.
_RIGHTS = """
GRANT SELECT, INSERT, UPDATE (sealed), DELETE ON sign_in_name TO puhui_app;
GRANT SELECT, DELETE ON sign_in_name TO puhui_worker;
GRANT UPDATE (ended_at, ended_why) ON sign_in_session TO puhui_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON one_time_code, sign_in_budget, sign_in_count TO puhui_app;
GRANT SELECT, INSERT, UPDATE (renewed_at, refresh_digest, refresh_ends_at, previous_digest,
  ended_at, ended_why) ON sign_in_session TO puhui_app;
GRANT SELECT, INSERT, UPDATE ON credential, enrolment TO puhui_app;
GRANT SELECT, INSERT, UPDATE (ends_at) ON signing_key TO puhui_app;
GRANT SELECT, DELETE ON one_time_code, sign_in_budget, sign_in_count, sign_in_session
  TO puhui_worker;
"""

# Roles of before there were offices; any other one may do nothing.
_OFFICES = """
UPDATE officer SET role = CASE role WHEN 'maker' THEN 'operator' ELSE 'reviewer' END
 WHERE role IN ('maker', 'checker');
"""

_GONE = """
DROP TABLE sign_in_name, one_time_code, sign_in_budget, sign_in_count, sign_in_session,
  credential, enrolment, signing_key;
"""
