"""Ways of saving carbon: documents, code plug-ins, factor packs, and what reads them.

Owns: the contract, the formula language, the document loader, the evidence reader, the
factor packs, the conformance suite.
Doors: `contract` (types), `registry` (what is shipped), `documents` (load and rebuild),
`evidence` (read a record), `claims` (what it uses up), `packs` (choose factors), `pooling`
(what may become credits), `conformance` (check), `recompute` (replay), `authoring` (tools).
Never: a clock, randomness, a network, a database, a framework, or a float.
"""
