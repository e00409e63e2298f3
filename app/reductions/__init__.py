"""From evidence to grams: judge, credit, hold, explain.

Owns: reductions, claims, held activities. A reduction keeps its inputs, its methodology
version and its factor set, so an explanation is recomputed and never stored.
Doors: `deliver.deliver` takes a provider's records through one transaction, `explain`
recomputes one reduction.
Never: edits a reduction, or lets two live claims of one subject overlap.
"""
