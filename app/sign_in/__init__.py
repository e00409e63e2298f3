"""Signing in: one-time codes, sessions, and who guessed how often.

Owns: one-time codes, the budgets against guessing, sessions and their refresh tokens, names
under which citizens sign in (phone, WeChat, Alipay), passwords and second factors of officers
and merchants' people, and the keys that tokens are signed with.
Doors: `sessions` starts, renews and ends a session; `liveness.Sessions` says whether one still
lives; `credentials` keeps and checks a password with its second factor; `budgets` counts.
Never: says whether a number is known, stores a code, a password or a refresh token as it was
sent, or believes a header about where a request comes from that no trusted proxy wrote.
"""
