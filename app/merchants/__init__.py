"""Merchants: shops that take coupons and are paid for them.

Owns: applications, merchants, stores, tills and their keys, staff, and the history of states.
Doors: `directory` (who a merchant is, `active`: whether it may act), `applications`, `stores`,
`tills`, `staff` read; `apply`, `check`, `approve`, `refuse`, `standing`, `keep_store`, `equip`,
`invite`, `sign_in` act; `counter` tells the guards whether a till or a person may still act;
`verify` proves the room. `register` admits a merchant without an application.
Never: answers one merchant about another, stores a key or a code that opens something, shows a
whole bank account to anybody but finance.
"""
