"""What the outside world is told, promised in the transaction that caused it.

Owns: the outbox. Doors: `enqueue.enqueue` promises messages, `deliver.deliver` sends them.
Never: speaks to the network inside somebody's transaction.
"""
