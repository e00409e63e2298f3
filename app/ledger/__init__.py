"""The book of points: who holds how many, and why.

Owns: balances, entries, expiry lots. One entry is one balanced transfer between an account
and a virtual counter-account; a balance is the fold of its entries.
Doors: `earn.earn` books points, `hold.hold`, `hold.spend` and `hold.release` move them,
`adjust.adjust` corrects them without anybody falling below zero, `balances` and `statement`
read them, `contra` names the counter-accounts, `locking` puts a batch's citizens in line.
Never: decides whether points are deserved, knows a person or an offer, or edits an entry.
"""
