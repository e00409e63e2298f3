"""A wrong setting stops the process before it serves; no message shows a secret."""

import os

import pytest
from pydantic import ValidationError

from app.settings import Settings

PRODUCTION = {
    "PUHUI_ENVIRONMENT": "production",
    "PUHUI_DATABASE__URL": "postgresql://puhui_app:hidden-word@db/puhui",
    "PUHUI_REDIS__URL": "redis://cache/0",
    "PUHUI_KEYS__TOKEN": "-----hidden-word-----",
    "PUHUI_KEYS__COUPON": "aa" * 32,
    "PUHUI_KEYS__SUBJECT": "bb" * 32,
    "PUHUI_KEYS__MASTER": "1:" + "aa" * 32,
}


@pytest.fixture
def environment(monkeypatch):
    """An environment without settings of ours, to which a test adds its own."""
    for name in list(os.environ):
        if name.startswith("PUHUI_"):
            monkeypatch.delenv(name)
    return lambda given: [monkeypatch.setenv(name, value) for name, value in given.items()]


def test_nothing_set_is_a_working_demo(environment):
    """A developer edits nothing."""
    environment({})
    settings = Settings()
    assert settings.environment == "local"
    assert settings.database.url is None


def test_production_needs_every_secret(environment):
    """Throw-away keys never reach production: the process names what is missing."""
    environment({"PUHUI_ENVIRONMENT": "production", "PUHUI_REDIS__URL": "redis://cache/0"})
    with pytest.raises(ValidationError) as refused:
        Settings()
    message = str(refused.value)
    for name in set(PRODUCTION) - {"PUHUI_ENVIRONMENT", "PUHUI_REDIS__URL"}:
        assert name in message
    assert "PUHUI_REDIS__URL" not in message


def test_production_with_everything_starts(environment):
    """What is complete is accepted."""
    environment(PRODUCTION)
    assert Settings().environment == "production"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUHUI_DATABASE__POOLSIZE", "3"),
        ("PUHUI_DATABASE__POOL_SIZE", "0"),
        ("PUHUI_DATABASE__POOL_SIZE", "1e9"),
        ("PUHUI_DATABASE__URL", "mysql://db/puhui"),
        ("PUHUI_REDIS__URL", "http://cache"),
        ("PUHUI_PORT", "65536"),
        ("PUHUI_LIMITS__BATCH_RECORDS", "1000000"),
        ("PUHUI_ENVIRONMENT", "prod"),
    ],
)
def test_a_wrong_or_misspelt_setting_stops_the_process(environment, name, value):
    """Bounds and names inside a group are checked at start, not at the first request."""
    environment({name: value})
    with pytest.raises(ValidationError):
        Settings()


def test_a_refusal_does_not_show_what_was_set(environment):
    """The message of a wrong setting is logged, so it holds no value."""
    environment(PRODUCTION | {"PUHUI_DATABASE__URL": "nonsense://:hidden-word@db"})
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "hidden-word" not in str(refused.value)


def test_secrets_are_not_printed(environment):
    """Settings may be shown; keys in them are masked."""
    environment(PRODUCTION)
    assert "hidden-word-" not in repr(Settings())
    assert "aaaa" not in repr(Settings())


def test_settings_do_not_change_while_running(environment):
    """What was validated at start stays true."""
    environment({})
    with pytest.raises(ValidationError):
        Settings().port = 1
