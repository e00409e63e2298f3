"""Pages that this service draws itself: the till on a phone.

Everything a page needs comes from this process: no foreign script, style, font or picture. It
calls the rooms' doors as the API does and decides nothing of its own.
"""
