"""No shared store in this room's tests."""

import pytest

from app.cache import Cache


@pytest.fixture
def cache() -> Cache:
    """No store: a list must show this test's offers, not the last one's copy."""
    return Cache(None)
