"""What people may ask about their own data: a copy, a correction, and to be forgotten.

Owns: requests of persons with the day by which they are answered, and the copies that were made.
Doors: `requests` takes and lists requests, `export_run` makes copies, `erase_run` forgets,
`privacy` says who asked for what; `notices` are the texts that consents name.
Never: decides what a point or a gram is worth, changes an entry, or keeps a copy for longer than
a week.
"""
