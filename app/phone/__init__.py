"""What a citizen's phone shows, put together from the rooms below: feed, account, live events.

Owns: nothing. Doors: none. Never: writes, or decides anything.
"""
