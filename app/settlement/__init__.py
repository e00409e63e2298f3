"""What merchants are owed for coupons, day by day, and how they are paid.

Owns: business days, settlements with their files, payouts. Doors: `close_days.close_due`,
`close_days.close_through`, `kept`, `payouts.propose_batch`, `payouts_pay`, `reconcile.reconcile`,
`subsidy.claim`, `sponsors.report`.
Never: changes a file of a closed day, or what a till did; what comes late is in the next file.
"""
