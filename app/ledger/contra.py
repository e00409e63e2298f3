"""Numbers of the virtual counter-accounts: the other leg of every entry.

A counter-account has no row: its balance is rolled up from entries, so no citizen waits for
another.
"""

PROGRAMME = 1
"""Where earned points come from."""
EXPIRY = 2
"""Where expired points go."""
ADJUSTMENT = 3
"""The other side of an officer's correction."""
CORRECTION = 4
"""The other side of what a methodology's correction books, up or down."""
RESERVE = 5
"""The programme's correction reserve: it bears what a citizen has spent already.

No entry names it: nobody's account moves when the reserve pays. Its balance is rolled up from
the shortfalls that corrections recorded.
"""
FIRST_MERCHANT = 1_000
"""Merchants are numbered from here; a merchant's number never changes."""
