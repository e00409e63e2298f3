"""Editions of the notice: strict to read, never changed in passing, and named by consents."""

from datetime import UTC, datetime, timedelta

import pytest

from app.people import consents, notices
from app.people.errors import PersonLeft
from app.people.forget import forget
from app.people.register import register_citizen
from methodologies.strict_yaml import DocumentError
from tests.city import NOON

SHIPPED = notices.FILE.read_text(encoding="utf-8")
BODY = SHIPPED.split("editions:\n")[1]


def test_the_shipped_editions_say_everything_that_must_be_said():
    """Who, what, why, how long, to whom, the right to withdraw, in both languages and kinds."""
    facts = {"provider": "P", "scenario": "S", "data": "D", "days": "90"}
    for sensitive in (False, True):
        for language, words in (("zh", ("撤回", "删除", "更正")), ("en", ("withdraw", "delete"))):
            text = notices.EDITIONS[-1].text(sensitive=sensitive, language=language, **facts)
            assert all(word in text for word in (*words, "P", "S", "D", "90"))
            assert "{" not in text
    sensitive = notices.EDITIONS[-1].text(sensitive=True, language="zh", **facts)
    assert "敏感个人信息" in sensitive
    assert ", " not in sensitive


def test_the_edition_of_a_moment():
    """A new edition is shown from its day on; before the first there is the first."""
    two = notices.read(
        SHIPPED + BODY.replace("version: 1", "version: 2").replace("2026-01-01", "2026-06-01")
    )
    assert [each.version for each in two] == [1, 2]
    day = datetime(2026, 5, 31, 23, 59, tzinfo=UTC)
    later = day + timedelta(minutes=1)
    shown = [
        [each for each in two if each.shown_from <= at.date()][-1].version for at in (day, later)
    ]
    assert shown == [1, 2]
    assert notices.current(NOON).version == 1
    assert notices.current(NOON - timedelta(days=9000)).version == 1


@pytest.mark.parametrize(
    ("harm", "by"),
    [
        ("version: 1", "version: 2"),
        ("version: 1", "version: one"),
        ("2026-01-01", "soon"),
        ("{provider}", "{account_id}"),
        ("{days}", "{days"),
        ("    ordinary:", "    usual:"),
        ("editions:", "edition:"),
        ("      en:", "      fr:"),
    ],
)
def test_a_wrong_file_stops_the_process(harm, by):
    """Misspelt, misnumbered or with a gap that nobody fills: it is refused when it is read."""
    with pytest.raises(DocumentError):
        notices.read(SHIPPED.replace(harm, by))


async def test_a_consent_names_its_edition_and_its_times(tx):
    """Given, withdrawn and given again are three facts that stay."""
    anna = (
        await register_citizen(tx, nickname="anna", district_code="321102", now=NOON)
    ).account_id

    async def agree(version, now):
        await consents.agree(
            tx,
            account_id=anna,
            provider_id=1,
            scenarios=["bike_ride"],
            notice_version=version,
            now=now,
        )

    hour = timedelta(hours=1)
    await agree(1, NOON)
    await agree(2, NOON + hour)  # it holds already: the edition that was read stays
    ended = await consents.withdraw(
        tx, account_id=anna, provider_id=1, scenario="bike_ride", now=NOON + 2 * hour
    )
    assert ended == 1
    await agree(2, NOON + 3 * hour)
    found = await consents.of_account(tx, account_id=anna)
    assert [(each.notice_version, each.given_at, each.withdrawn_at) for each in found] == [
        (2, NOON + 3 * hour, None),
        (1, NOON, NOON + 2 * hour),
    ]
    await forget(tx, account_id=anna, now=NOON + 4 * hour)
    with pytest.raises(PersonLeft):
        await agree(2, NOON + 5 * hour)
