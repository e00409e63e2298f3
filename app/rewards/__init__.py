"""What points buy: offers, redemptions, coupons.

Owns: offers, their stock in slots, limits, audiences, funding budgets, lines, draws, lists of
codes, pictures; redemptions, sales at tills (scans), undone sales, refunds, batches of tills
offline.
Doors: `offers` reads what can be had, `redeem.redeem` claims a unit and `queue.take_ticket` stands
in line for one; `cancel.cancel`, `release.release_late` and `withdraw.withdraw` give back;
`queue_step.step` grants; `coupons_present.present`, `scan.scan_many`, `undo.undo`,
`refunds.refund_sale` and `offline.take_batch` are the till's.
Never: moves a point but by `ledger.hold` and `ledger.refund` (and, inside `redeem_hold`, by that
door's own guarded statement), stores a coupon's code, or believes the gate.
"""
