"""Passwords that a guesser tries first are refused, and the code that was to set them stays good."""

import pytest

from app.people.offices import Office
from app.sign_in import officers, passwords
from app.sign_in.errors import PasswordWeak
from tests.make import NOON
from tests.sign_in.arrivals import app_of


@pytest.mark.parametrize(
    "typed",
    [
        "password1234",
        "P@ssw0rd!2026",
        "Passw0rdPassw0rd",
        "123456789012",
        "abcdefghijkl",
        "qwertyuiop12",
        "1q2w3e4r5t6y",
        "aaaaaaaaaaaab",
        "abcabcabcabc",
        "puhui-puhui-2026",
        "Welcome-Admin-1",
        "judge-officer",
        "my Judge Officer door",
        "judge-0ff1cer-x",
    ],
)
def test_what_is_guessed_first_is_refused(typed):
    """Common words, rows, runs and repetitions, digits for letters, and the login name."""
    with pytest.raises(PasswordWeak) as refusal:
        passwords.ensure_strong(typed, names=["judge-officer"])
    assert refusal.value.facts == {"field": "password"}


@pytest.mark.parametrize(
    "typed",
    [
        "correct horse battery",
        "another long password",
        "山高水长 绿色出行 天天向上",
        "k7#Vq2!mZx9Lw",
    ],
)
def test_what_is_not_guessed_is_taken(typed):
    """Several words in any script, or a random one; a common word may be one of several."""
    passwords.ensure_strong(typed, names=["judge-officer", "li"])


async def test_an_officer_who_chose_a_weak_one_chooses_again(client):
    """Both kinds are refused with the field's name, and the same code then takes a better one."""
    async with app_of(client).state.database.writing() as tx:
        code = await officers.invite(
            tx, name="judge-officer", office=Office.finance, actor="test", now=NOON
        )
    for typed, status in (
        ("password1234", 422),
        ("the judge-officer speaks", 422),
        ("correct horse battery", 201),
    ):
        answer = await client.post(
            "/v1/auth/officers/enrolments", json={"code": code, "password": typed}
        )
        assert answer.status_code == status, answer.text
        if status == 422:
            assert (answer.json()["code"], answer.json()["field"]) == ("password-weak", "password")
