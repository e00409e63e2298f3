"""The book of points: who holds how many, and why.

Owns: balances, entries, expiry lots, units, counter-accounts, causes of rare postings, debts,
roll-ups, seals. One
entry is one balanced transfer between an account and a virtual counter-account; a balance is the
fold of its entries.
Doors: `earn` (credit), `hold` and `hold_many` (set aside, spend, give back), `refund`,
`claw_back` (and reverse an earning), `repay`, `donate`, `expire`, `adjust` (corrections of
methodologies) and `officer_adjust`. Each takes a sequence and runs a constant number of statements.
Read through `balances`, `statement`, `history`, `expiring` (who is to be told), `units`,
`contra` (who the counter-accounts are); behind a watermark, for whole cities, through `follow`
(entries, exactly once), `rollup`, `trial`, `liability`, `attribution` (whose points paid for what).
`seal` chains hashes over all entries, `seal_verify` finds what was changed since, `seal_proof`
shows an entry's owner that nothing was. `locking` puts a batch's citizens in line.
Never: decides whether points are deserved, knows an offer, or edits an entry.
"""
