"""Who did what, and when: an append-only record.

Owns: audit records. Doors: `record.record` adds one, in the transaction of the act.
Never: updates or deletes a record, or holds personal data (ids and numbers only).
"""
