"""Door: what must be true of merchants, stores, tills and people. Part of ``puhui verify``.

Reads the proposals as well, because two people having agreed is about both rooms; changes
nothing. Run in one snapshot.
"""

from app.checks import Check
from app.database import Tx


async def checks(tx: Tx) -> list[Check]:
    """Every invariant of this room, with how many rows break it: 0, or an incident."""
    found = []
    for name, statement in _CHECKS.items():
        row = await (await tx.execute(statement)).fetchone()
        assert row is not None, "an aggregate always answers"
        found.append(Check(name, *row))
    return found


# A history is a walk from `new`: it ends where it has arrived once more than it has left.
_HISTORY = """
WITH subjects AS (
  SELECT id, state FROM merchant UNION ALL SELECT id, state FROM merchant_application
), walked AS (
  SELECT subject, to_state AS state, 1 AS step FROM merchant_transition
  UNION ALL SELECT subject, from_state, -1 FROM merchant_transition
), ends AS (
  SELECT subject, state FROM walked WHERE state <> 'new' GROUP BY 1, 2 HAVING sum(step) <> 0
)
SELECT count(*), count(*) FILTER (WHERE s.state IS DISTINCT FROM e.state)
  FROM subjects s FULL JOIN ends e ON e.subject = s.id
"""

_TWO_PEOPLE = """
SELECT count(*), count(*) FILTER (
         WHERE m.id IS NULL OR a.state IS DISTINCT FROM 'approved'
            OR p.verdict IS DISTINCT FROM 'approved' OR p.decided_by IS DISTINCT FROM a.decided_by
            OR p.made_by IS DISTINCT FROM a.checked_by)
  FROM (SELECT * FROM merchant WHERE application_id IS NOT NULL) m
  FULL JOIN (SELECT * FROM merchant_application WHERE state = 'approved') a
    ON a.id = m.application_id
  LEFT JOIN proposal p ON p.id = a.proposal_id
"""

_CONTACTS = """
SELECT count(*), count(*) FILTER (WHERE a.id IS NULL OR c.application_id IS NULL)
  FROM merchant_application a FULL JOIN merchant_contact c ON c.application_id = a.id
"""

# What is plain was written by a release of before, and is sealed within a minute.
_SEALED = """
SELECT count(*), count(*) FILTER (WHERE plain)
  FROM (SELECT contact_name IS NOT NULL AS plain FROM merchant_contact
        UNION ALL SELECT bank_account IS NOT NULL FROM payout_account) AS kept
"""

_STORES = """
SELECT count(*), count(*) FILTER (WHERE m.id IS NULL)
  FROM store s LEFT JOIN merchant m ON m.id = s.merchant_id
"""

_TILLS = """
SELECT count(*), count(*) FILTER (WHERE s.merchant_id IS DISTINCT FROM t.merchant_id)
  FROM till t LEFT JOIN store s ON s.id = t.store_id
"""

_KEYS = """
SELECT count(*), count(*) FILTER (
         WHERE (t.state = 'active') IS DISTINCT FROM (k.current = 1)
            OR k.latest > t.revoked_at)
  FROM till t
  FULL JOIN (SELECT till_id, count(*) FILTER (WHERE ends_at IS NULL) AS current,
                    max(ends_at) AS latest
               FROM till_key GROUP BY 1) k ON k.till_id = t.id
"""

_MANAGERS = """
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
         SELECT FROM merchant_staff s
          WHERE s.merchant_id = m.id AND s.role = 'manager' AND s.state = 'active'))
  FROM merchant m WHERE m.application_id IS NOT NULL AND m.activated_at IS NOT NULL
"""

_ACCOUNTS = """
SELECT count(*), count(*) FILTER (
         WHERE (a.state = 'approved' AND a.decided_by IS NULL)
            OR (a.decided_by IS NOT NULL AND (
                 p.verdict IS DISTINCT FROM 'approved' OR p.decided_by <> a.decided_by
                 OR p.made_by <> a.proposed_by OR a.pays_from < p.decided_at + interval '7 days')))
  FROM payout_account a LEFT JOIN proposal p ON p.id = a.proposal_id
"""

_CHECKS = {
    "merchants.states_are_where_their_histories_end": _HISTORY,
    "merchants.approved_by_two_officers": _TWO_PEOPLE,
    "merchants.applications_have_one_contact": _CONTACTS,
    "merchants.contacts_and_accounts_are_sealed": _SEALED,
    "merchants.stores_have_a_merchant": _STORES,
    "merchants.tills_stand_in_their_merchants_stores": _TILLS,
    "merchants.active_tills_have_one_current_key": _KEYS,
    "merchants.active_merchants_have_a_manager": _MANAGERS,
    "merchants.new_accounts_were_agreed_by_two_and_waited": _ACCOUNTS,
}
