"""Passwords that are hashed in no time: what argon2id costs is not what these tests are about."""

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.sign_in import credentials


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch):
    """The smallest argon2id there is."""
    hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(credentials, "_hasher", hasher)
    credentials._nobodys_hash.cache_clear()
