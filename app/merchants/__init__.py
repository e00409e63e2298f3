"""Who takes coupons, and who is paid for them.

Owns: merchants. Doors: `register.register` admits one, `directory` reads them.
Never: knows a citizen, or moves a point.
"""
