"""The formula language: read, unit-checked, compiled once, walked for explanations.

Owns: tokens, grammar, units, checks, the compiled form and the walked form.
Doors: `parse.parse`, `check.check`, `compile.compiled`, `walk.evaluate`.
Never: attributes, loops, imports, strings, or anything outside its allow-list.
"""
