"""What points buy: offers, redemptions, coupons.

Owns: offers, stock, per-citizen limits, redemptions, scans.
Doors: `offers` reads what can be had, `redeem.redeem` claims a unit, `cancel.cancel` and
`release.release_late` give it back, `scan.scan` is the till's.
Never: touches a balance itself (that is `ledger.hold`), or stores a coupon's code.
"""
