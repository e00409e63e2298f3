"""The demo city: Zhenjiang with citizens, merchants and rides, for anybody's laptop.

Everything here goes through the same doors as in a real city; nothing here is needed by one.
"""
