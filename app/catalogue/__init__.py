"""Which methodology versions, factor sets and tariff are in force, and when.

Owns: methodology versions, their states and history; factor sets, the programme's settings,
the points tariff and the monthly budgets.
Doors: `register.register_shipped` records what is shipped, `versions.Catalogue` answers which
version and factors an act of a day is judged by, `upload`, `watch`, `submit`, `suspend` and
`withdraw` lead a version's life, `calendar.turn` turns its pages.
Never: computes grams, changes a version's content once it is registered, or lets its author
approve it.
"""
