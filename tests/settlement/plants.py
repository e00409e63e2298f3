"""Breaches to plant, each with the checks that must find it, and the looking."""

import asyncio
import threading

from app.settlement import verify

PLANTS = {
    "an entry of other points": (
        "UPDATE entry SET amount = amount - 1 WHERE contra >= 1000",
        {"lines_and_entries", "entries_and_lines"},
    ),
    "an entry for another merchant": (
        "UPDATE entry SET contra = 999999 WHERE contra >= 1000",
        {"lines_and_entries"},
    ),
    "an entry without a sale": (
        "DELETE FROM scan WHERE order_no = 'A-1'",
        {
            "lines_and_entries",
            "entries_and_lines",
            "totals_and_lines",
            "budgets_and_draws",
            "files",
        },
    ),
    "a sale without a line": (
        "DELETE FROM settlement_line WHERE number = 'A-1'",
        {"entries_and_lines", "events_and_lines", "totals_and_lines", "files"},
    ),
    "another total": (
        """UPDATE settlement SET carbon_fen = carbon_fen + 1, payable_fen = payable_fen + 1,
                  face_value_fen = face_value_fen + 1""",
        {"totals_and_lines", "payouts_and_settlements"},
    ),
    "money out of a budget": (
        "UPDATE funding_slot SET remaining_fen = remaining_fen - 1 WHERE slot = 3",
        {"budgets_and_draws"},
    ),
    "another payment": ("UPDATE payout SET fen = fen + 1", {"payouts_and_settlements"}),
    "a paid day let go": ("UPDATE payout_part SET live = false", {"payouts_and_settlements"}),
    "another manifest": (
        "UPDATE settlement_file SET content = content || 'x' WHERE name = 'manifest.json'",
        {"manifests_and_their_chain", "files"},
    ),
    "another detail": (
        "UPDATE settlement_file SET content = content || 'x' WHERE name = 'detail.csv'",
        {"files"},
    ),
    "a broken chain": (
        "UPDATE settlement SET previous_sha256 = sha256('x') WHERE previous_sha256 IS NOT NULL",
        {"manifests_and_their_chain"},
    ),
    "two officers who are one": (
        "UPDATE proposal SET made_by = gen_random_uuid()",
        {"payments_were_agreed_by_two"},
    ),
    "a payment that nobody approved": (
        "UPDATE payout_batch SET state = 'proposed'",
        {"payments_stand_as_their_batch_does"},
    ),
    "a payment to an account that has not waited": (
        """WITH a AS (
             INSERT INTO payout_account SELECT gen_random_uuid(), p.merchant_id, 'x', 'x',
                    '00001234', 'approved', 'x', gen_random_uuid(), gen_random_uuid(), now(),
                    gen_random_uuid(), now(), now() + interval '7 days' FROM payout p RETURNING id)
           UPDATE payout SET payout_account_id = a.id FROM a""",
        {"payments_go_to_accounts_that_have_waited"},
    ),
    "a missing day": (
        "UPDATE settlement_day SET day = day + 1 WHERE day = '2026-03-05'",
        {"days_follow_one_another"},
    ),
}


class Rows:
    """A cursor's rows, read as the service reads them."""

    def __init__(self, cursor):
        self.rows = iter(cursor.fetchall())

    async def fetchone(self):
        """The next row."""
        return next(self.rows, None)

    async def fetchall(self):
        """All that are left."""
        return list(self.rows)

    async def __aiter__(self):
        for row in self.rows:
            yield row


class Borrowed:
    """The owner's connection, spoken to as the service speaks to its own."""

    def __init__(self, owner):
        self.owner = owner

    async def execute(self, statement, arguments=None):
        """Run it; its rows."""
        return Rows(self.owner.execute(statement, arguments))


def breached(owner):
    """The checks that find something, in the owner's open transaction."""
    found = []

    def look():
        found.extend(asyncio.run(verify.checks(Borrowed(owner))))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return {each.name for each in found if each.breaches}
