"""Cursors: opaque, of one list, and harmless whatever a client sends."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.pages import BadCursor, cursor_of, key_of

parts = st.lists(
    st.integers(-(2**63) + 1, 2**63 - 1)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
    min_size=1,
    max_size=4,
)


@given(key=parts)
def test_a_cursor_gives_its_key_back(key):
    """Whatever key a page ends with, the next page begins behind exactly that one."""
    assert key_of(cursor_of(*key), *(type(part) for part in key)) == tuple(key)


@given(text=st.text(max_size=60) | st.text("AZaz09-_=", max_size=60))
@example("WzFd=")
@example("\ud800")
def test_nonsense_is_refused_and_never_a_bug(text):
    """A cursor is text from outside: unreadable ones are a refusal, not an error."""
    try:
        key = key_of(text, int)
    except BadCursor:
        return
    assert len(key) == 1
    assert type(key[0]) is int


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1},
        "1",
        1,
        None,
        [],
        [1, 2],
        ["1"],
        [True],
        [None],
        [2**63],
        [-(2**63)],
        [float("nan")],
        [float("inf")],
        [[1]],
    ],
)
def test_another_lists_key_is_refused(value):
    """Kinds and sizes are checked, so that no cursor reaches PostgreSQL as an odd number."""
    text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    with pytest.raises(BadCursor):
        key_of(text, int)


def test_a_nul_character_is_refused():
    """PostgreSQL cannot hold it, so a cursor with it is not one of ours."""
    with pytest.raises(BadCursor):
        key_of(cursor_of("a\x00b"), str)


def test_a_deep_cursor_is_refused():
    """Nesting that would exhaust the JSON reader is a refusal too."""
    text = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    with pytest.raises(BadCursor):
        key_of(text, int)
