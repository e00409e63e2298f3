"""What the tool says when it is interrupted: a sentence, and nothing of the driver's."""

import gc
import sys

import psycopg
import pytest

from app import telling


def asked(error):
    """A generator that was thrown away in the middle, and fails once more."""
    try:
        yield
    finally:
        raise error


@pytest.mark.parametrize(
    ("error", "shown"),
    [(psycopg.OperationalError("pointer is NULL"), False), (ValueError("a fault of ours"), True)],
)
def test_a_question_that_nobody_waits_for_is_not_shown(monkeypatch, capsys, error, shown):
    """The driver's generator may fail in silence after Ctrl-C; any other failure is shown."""
    monkeypatch.setattr(sys, "unraisablehook", telling.quiet_about_the_driver)
    left = asked(error)
    next(left)
    del left
    gc.collect()
    assert ("Traceback" in capsys.readouterr().err) is shown
