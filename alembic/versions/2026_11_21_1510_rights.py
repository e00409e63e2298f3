"""Keys of persons, proofs of ownership, guardians, and what people ask about their own data.

A person's data key is wrapped by a master key that is not in the database; when it is destroyed,
everything that was sealed with it is noise. Requests of persons (a copy, a correction, deletion)
are tickets with a day by which they are answered. The worker, which signs nobody up, may now end
what a person who leaves had: links, consents, the name; it can begin none of them.

Locks: provider and citizen for the moment in which a column or a right is added; an index on
audit_record, which is written seldom, is built while its writers wait.
Old code: links directly, as before: every provider starts with proof 'none'.

Revision ID: 2026_11_21_1510
Revises: 2026_11_21_1500
"""

from alembic import op

revision = "2026_11_21_1510"
down_revision = "2026_11_21_1500"


def upgrade() -> None:
    """Create the tables, then say who may do what with them."""
    op.execute(_PEOPLE)
    op.execute(_RIGHTS_ROOM)
    for table in ("link_claim", "rights_request", "export_file"):
        op.execute(f"SELECT show_own_rows('{table}')")
    op.execute(_GRANTS)


def downgrade() -> None:
    """Lossy: what was sealed with a person's key cannot be opened any more."""
    op.execute(_GONE)


_PEOPLE = """
CREATE TABLE data_key (
  owner UUID NOT NULL,
  made_at timestamptz NOT NULL,
  shredded_at timestamptz,
  master_id SMALLINT,
  wrapped BYTEA,
  PRIMARY KEY (owner),
  CONSTRAINT data_key_shredded CHECK ((wrapped IS NULL) = (shredded_at IS NOT NULL)),
  CONSTRAINT data_key_wrapped CHECK ((wrapped IS NULL) = (master_id IS NULL))
);
CREATE INDEX data_key_master ON data_key (master_id, owner);
ALTER TABLE provider ADD COLUMN proof VARCHAR(10) NOT NULL DEFAULT 'none',
  ADD CONSTRAINT provider_proof CHECK (proof IN ('none', 'callback', 'amount', 'code'));
CREATE TABLE link_claim (
  id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  provider_id SMALLINT NOT NULL,
  subject UUID NOT NULL,
  scenarios VARCHAR(60)[] NOT NULL,
  proof VARCHAR(10) NOT NULL,
  state VARCHAR(10) NOT NULL,
  card BYTEA,
  answer BYTEA,
  tries SMALLINT NOT NULL,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  decided_at timestamptz,
  PRIMARY KEY (id),
  CONSTRAINT link_claim_state
    CHECK (state IN ('pending', 'live', 'refused', 'cancelled', 'expired')),
  CONSTRAINT link_claim_decided CHECK ((state = 'pending') = (decided_at IS NULL)),
  CONSTRAINT link_claim_forgets CHECK (state = 'pending' OR (card IS NULL AND answer IS NULL)),
  CONSTRAINT link_claim_tries CHECK (tries BETWEEN 0 AND 5)
);
CREATE INDEX link_claim_account ON link_claim (account_id, made_at);
CREATE INDEX link_claim_subject ON link_claim (provider_id, subject, made_at);
CREATE INDEX link_claim_waiting ON link_claim (provider_id, id) WHERE state = 'pending';
CREATE TABLE guardianship (
  ward_account_id BIGINT NOT NULL,
  birth_year SMALLINT NOT NULL,
  code_digest BYTEA,
  code_expires_at timestamptz,
  guardian_account_id BIGINT,
  declared_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  ended_at timestamptz,
  ranked BOOLEAN NOT NULL,
  pooled BOOLEAN NOT NULL,
  PRIMARY KEY (ward_account_id),
  CONSTRAINT guardianship_two_people CHECK (guardian_account_id <> ward_account_id),
  CONSTRAINT guardianship_confirmed
    CHECK ((confirmed_at IS NULL) = (guardian_account_id IS NULL)),
  CONSTRAINT guardianship_code UNIQUE (code_digest)
);
CREATE INDEX guardianship_guardian ON guardianship (guardian_account_id);
CREATE INDEX audit_record_subject ON audit_record (subject, id);
CREATE INDEX audit_record_actor ON audit_record (actor, id);
"""

_RIGHTS_ROOM = """
CREATE TABLE rights_request (
  id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  kind VARCHAR(12) NOT NULL,
  state VARCHAR(12) NOT NULL,
  made_at timestamptz NOT NULL,
  acts_after timestamptz NOT NULL,
  due_on DATE NOT NULL,
  began_at timestamptz,
  began_xid BIGINT,
  finished_at timestamptz,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  topic VARCHAR(20),
  wish BYTEA,
  answer VARCHAR(500),
  answered_by UUID,
  PRIMARY KEY (id),
  CONSTRAINT rights_request_kind CHECK (kind IN ('export', 'correction', 'deletion')),
  CONSTRAINT rights_request_state
    CHECK (state IN ('open', 'running', 'done', 'cancelled', 'refused')),
  CONSTRAINT rights_request_finished
    CHECK ((state IN ('open', 'running')) = (finished_at IS NULL)),
  CONSTRAINT rights_request_progress CHECK (done BETWEEN 0 AND total)
);
CREATE UNIQUE INDEX rights_request_one_open ON rights_request (account_id, kind)
  WHERE state IN ('open', 'running') AND kind <> 'correction';
CREATE INDEX rights_request_account ON rights_request (account_id, id);
CREATE INDEX rights_request_due ON rights_request (due_on, id)
  WHERE state IN ('open', 'running');
CREATE TABLE export_file (
  request_id UUID NOT NULL,
  account_id BIGINT NOT NULL,
  body BYTEA NOT NULL,
  sha256 BYTEA NOT NULL,
  size_bytes INTEGER NOT NULL,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (request_id)
);
CREATE INDEX export_file_expires ON export_file (expires_at);
CREATE INDEX export_file_account ON export_file (account_id);
"""

_GRANTS = """
GRANT SELECT, INSERT, UPDATE (shredded_at, master_id, wrapped) ON data_key TO puhui_app,
  puhui_worker;
GRANT SELECT, INSERT, UPDATE (state, card, answer, tries, expires_at, decided_at) ON link_claim
  TO puhui_app;
GRANT SELECT, UPDATE (state, card, answer, decided_at) ON link_claim TO puhui_worker;
GRANT SELECT, INSERT, UPDATE ON guardianship TO puhui_app;
GRANT SELECT, UPDATE (ended_at, code_digest, code_expires_at) ON guardianship TO puhui_worker;
GRANT SELECT, INSERT, UPDATE (state, began_at, began_xid, finished_at, done, total, wish, answer,
  answered_by) ON rights_request TO puhui_app;
GRANT SELECT, UPDATE (state, began_at, began_xid, finished_at, done, total, wish, answer)
  ON rights_request TO puhui_worker;
GRANT SELECT, INSERT, DELETE ON export_file TO puhui_app, puhui_worker;
GRANT SELECT, UPDATE (nickname, district_code) ON citizen TO puhui_worker;
GRANT UPDATE (valid_until) ON link TO puhui_worker;
GRANT UPDATE (withdrawn_at) ON consent TO puhui_worker;
GRANT EXECUTE ON FUNCTION forget_evidence(int, bytea, int, int) TO puhui_worker;
GRANT SELECT ON input_shape TO puhui_worker;
"""

_GONE = """
REVOKE ALL ON FUNCTION forget_evidence(int, bytea, int, int) FROM puhui_worker;
REVOKE UPDATE (withdrawn_at) ON consent FROM puhui_worker;
REVOKE UPDATE (valid_until) ON link FROM puhui_worker;
REVOKE SELECT, UPDATE (nickname, district_code) ON citizen FROM puhui_worker;
REVOKE SELECT ON citizen FROM puhui_worker;
DROP TABLE export_file, rights_request, guardianship, link_claim, data_key;
DROP INDEX audit_record_subject, audit_record_actor;
ALTER TABLE provider DROP COLUMN proof;
"""
