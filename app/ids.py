"""Names for things: public ids, account numbers and the bucket that leads every key.

Nothing here reads a database. A public id is a UUIDv7, so rows made together lie together;
an account number is a pseudonym that says nothing about a person but its bucket.
"""

from uuid import UUID, SafeUUID

from uuid_utils.compat import uuid7

BUCKETS = 1024
"""How many virtual shards there are; `account_id % BUCKETS` is the account's bucket."""


def new_id() -> UUID:
    """A fresh UUIDv7: unique, and ordered by the time it was made.

    Source: RFC 9562, section 5.7.
    """
    return uuid7()


def uuid_of(number: int) -> UUID:
    """The UUID of 128 bits that are known to be one: a quarter of what the constructor costs."""
    made = _blank(UUID)
    _set_int(made, number)
    _set_safe(made, SafeUUID.unknown)
    return made


_blank = object.__new__
_set_int = vars(UUID)["int"].__set__
_set_safe = vars(UUID)["is_safe"].__set__


def account_number(n: int) -> int:
    """The n-th account's number (n >= 1): its bucket is spread evenly and never changes."""
    assert n >= 1, "accounts are counted from one"
    return n * BUCKETS + n % BUCKETS


def bucket_of(account_id: int) -> int:
    """The bucket, 0 to 1023, in which everything of this account lives."""
    return account_id % BUCKETS
