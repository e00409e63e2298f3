"""The demo city, and what the operator's tool shows, signs and serves with.

The city goes through the same doors as a real one; nothing below needs this folder.
"""
