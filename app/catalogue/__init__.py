"""Which methodology versions, factor sets and tariff are in force, and when.

Owns: methodology versions, factor sets, the programme's settings, the points tariff.
Doors: `register.register_shipped` records what is shipped, `versions.Catalogue` answers
which version and factors an act of a day is judged by.
Never: computes grams, or changes a version once it is registered.
"""
