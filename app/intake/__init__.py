"""What providers saw: who they are, what they sent, what of it is kept.

Owns: providers, batches, evidence, natural keys, progress through files.
Doors: `records` reads a batch's envelope, `evidence` keeps what was allowed, `providers`
reads and admits providers, `files` remembers how far a file has come.
Never: decides what an act is worth, or keeps anything about somebody who has not linked.
"""
