"""Door: what must be true of settlements and payments. Part of ``puhui verify``.

Reads what tills did, entries, budgets and proposals as well, because that is what settlements
are about; changes nothing. Run in one snapshot.
"""

from app.checks import Check
from app.database import Tx
from app.settlement import reconcile, regenerate


async def checks(tx: Tx) -> list[Check]:
    """Every invariant of this room, with how many rows break it: 0, or an incident."""
    found = []
    for name in reconcile.COMPARISONS:
        compared = await reconcile.compare(tx, name=name, day=None)
        found.append(Check(f"settlement.{name}_agree", compared.rows, compared.differing))
    again = await regenerate.compare(tx)
    files = "settlement.files_are_what_the_books_say"
    found.append(Check(files, again.settlements, len(again.differing)))
    for name, statement in _CHECKS.items():
        row = await (await tx.execute(statement)).fetchone()
        assert row is not None, "an aggregate always answers"
        found.append(Check(name, *row))
    return found


_DAYS = """
SELECT count(*), count(*) FILTER (
         WHERE before_day <> day - 1 OR before_until <> from_at
            OR (closed_at IS NOT NULL AND before_closed IS NULL AND before_day IS NOT NULL))
  FROM (SELECT day, from_at, closed_at, lag(day) OVER w AS before_day,
               lag(until_at) OVER w AS before_until, lag(closed_at) OVER w AS before_closed
          FROM settlement_day WINDOW w AS (ORDER BY day)) AS d
"""
_TWO_PEOPLE = """
SELECT count(*), count(*) FILTER (
         WHERE p.verdict IS DISTINCT FROM 'approved' OR p.decided_by IS DISTINCT FROM b.decided_by
            OR p.made_by IS DISTINCT FROM b.proposed_by OR p.made_by = p.decided_by)
  FROM payout_batch b LEFT JOIN proposal p ON p.id = b.proposal_id
 WHERE b.state = 'approved'
"""
_STATES = """
SELECT count(*), count(*) FILTER (
         WHERE (b.state = 'proposed' AND p.state <> 'proposed')
            OR (b.state = 'approved' AND p.state = 'proposed')
            OR (b.state = 'returned' AND p.state <> 'returned'))
  FROM payout p JOIN payout_batch b ON b.id = p.batch_id
"""
_ACCOUNTS = """
SELECT count(*), count(*) FILTER (
         WHERE p.payout_account_id IS NOT NULL AND (
               a.id IS NULL OR a.merchant_id <> p.merchant_id OR a.state <> 'approved'
            OR a.pays_from > b.proposed_at
            OR coalesce(a.bank_account_end, right(a.bank_account, 4)) <> right(p.bank_account, 4)))
  FROM payout p JOIN payout_batch b ON b.id = p.batch_id
  LEFT JOIN payout_account a ON a.id = p.payout_account_id
"""

_CHECKS = {
    "settlement.days_follow_one_another": _DAYS,
    "settlement.payments_were_agreed_by_two": _TWO_PEOPLE,
    "settlement.payments_stand_as_their_batch_does": _STATES,
    "settlement.payments_go_to_accounts_that_have_waited": _ACCOUNTS,
}
