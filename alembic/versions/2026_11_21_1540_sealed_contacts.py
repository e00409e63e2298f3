"""Merchants' contact persons, their phones and bank accounts are sealed; leaving leaves less.

What was kept in plain text stays readable until the worker, which has the keys that this migration
has not, has sealed it (`app.merchants.seal_contacts`, within a minute); a later release drops the
plain columns. Beside it the worker may end what else a person who leaves has had, and read what
belongs into a copy of somebody's data.

Locks: merchant_contact and payout_account, for the moment in which columns are added.
Old code: goes on, and writes plain text, which is sealed a minute later; it cannot read what is
sealed already: officers see an application's contact again when they are served by new code.

Revision ID: 2026_11_21_1540
Revises: 2026_11_21_1530
"""

from alembic import op

revision = "2026_11_21_1540"
down_revision = "2026_11_21_1530"


def upgrade() -> None:
    """Make room for what is sealed, then say who may do what."""
    op.execute(_SEALED)
    op.execute(_RIGHTS)


def downgrade() -> None:
    """Lossy: what was sealed is gone; a dash stands where it was."""
    op.execute(_GONE)


_SEALED = """
ALTER TABLE merchant_contact
  ADD COLUMN contact_name_sealed BYTEA,
  ADD COLUMN phone_sealed BYTEA,
  ADD COLUMN bank_account_sealed BYTEA,
  ALTER COLUMN contact_name DROP NOT NULL,
  ALTER COLUMN phone DROP NOT NULL,
  ALTER COLUMN bank_account DROP NOT NULL,
  ADD CONSTRAINT merchant_contact_sealed CHECK (
    num_nonnulls(contact_name_sealed, phone_sealed, bank_account_sealed) IN (0, 3)
    AND num_nonnulls(contact_name, phone, bank_account)
      = 3 - num_nonnulls(contact_name_sealed, phone_sealed, bank_account_sealed));
CREATE INDEX merchant_contact_plain ON merchant_contact (application_id)
  WHERE contact_name IS NOT NULL;
ALTER TABLE payout_account
  ADD COLUMN bank_account_sealed BYTEA,
  ADD COLUMN bank_account_end VARCHAR(4),
  ALTER COLUMN bank_account DROP NOT NULL,
  ADD CONSTRAINT payout_account_sealed CHECK (
    (bank_account IS NULL) = (bank_account_sealed IS NOT NULL)
    AND (bank_account IS NOT NULL OR bank_account_end IS NOT NULL));
CREATE INDEX payout_account_plain ON payout_account (id) WHERE bank_account IS NOT NULL;
"""

_RIGHTS = """
GRANT UPDATE (contact_name, phone, bank_account, contact_name_sealed, phone_sealed,
  bank_account_sealed) ON merchant_contact TO puhui_app;
GRANT UPDATE (bank_account, bank_account_sealed, bank_account_end) ON payout_account TO puhui_app;
GRANT SELECT, UPDATE (contact_name, phone, bank_account, contact_name_sealed, phone_sealed,
  bank_account_sealed) ON merchant_contact TO puhui_worker;
GRANT SELECT, UPDATE (bank_account, bank_account_sealed, bank_account_end) ON payout_account
  TO puhui_worker;
GRANT UPDATE (birth_year) ON citizen TO puhui_worker;
GRANT SELECT, UPDATE (members, code_digest, code_until) ON household TO puhui_worker;
GRANT SELECT, UPDATE (left_at) ON household_member TO puhui_worker;
GRANT SELECT ON appeal TO puhui_worker;
GRANT UPDATE (note) ON appeal TO puhui_app, puhui_worker;
"""

_GONE = """
REVOKE UPDATE (note) ON appeal FROM puhui_app, puhui_worker;
REVOKE SELECT ON appeal FROM puhui_worker;
REVOKE ALL ON household_member, household FROM puhui_worker;
REVOKE UPDATE (birth_year) ON citizen FROM puhui_worker;
REVOKE ALL ON payout_account, merchant_contact FROM puhui_worker;
REVOKE ALL (contact_name, phone, bank_account, contact_name_sealed, phone_sealed,
  bank_account_sealed) ON merchant_contact FROM puhui_app, puhui_worker;
REVOKE UPDATE (bank_account, bank_account_sealed, bank_account_end) ON payout_account
  FROM puhui_app, puhui_worker;
DROP INDEX payout_account_plain, merchant_contact_plain;
ALTER TABLE payout_account DROP CONSTRAINT payout_account_sealed;
UPDATE payout_account SET bank_account = '**** ' || bank_account_end WHERE bank_account IS NULL;
ALTER TABLE payout_account
  DROP COLUMN bank_account_end,
  DROP COLUMN bank_account_sealed,
  ALTER COLUMN bank_account SET NOT NULL;
ALTER TABLE merchant_contact DROP CONSTRAINT merchant_contact_sealed;
UPDATE merchant_contact SET contact_name = '-', phone = '-', bank_account = '-'
 WHERE contact_name IS NULL;
ALTER TABLE merchant_contact
  DROP COLUMN bank_account_sealed,
  DROP COLUMN phone_sealed,
  DROP COLUMN contact_name_sealed,
  ALTER COLUMN bank_account SET NOT NULL,
  ALTER COLUMN phone SET NOT NULL,
  ALTER COLUMN contact_name SET NOT NULL;
"""
