"""What citizens are told, promised in the transaction that caused it.

Owns: the outbox and the inbox. Doors: `enqueue.enqueue` promises messages, `deliver.deliver`
sends them, `inbox` shows them. Never: speaks to the network inside somebody's transaction.
"""
