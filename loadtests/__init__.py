"""Programs that measure; nothing in `app` imports them, and no test asserts their times."""
