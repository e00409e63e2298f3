"""Factor packs: strictness, the date of the act, and what stands in for a missing value."""

from datetime import date
from decimal import Decimal

import pytest

from methodologies.documents import DocumentError
from methodologies.manifest import FactorNeed
from methodologies.packs import (
    FactorMissing,
    FactorUnsuitable,
    PackDisabled,
    pack_from_canonical,
    pack_from_text,
)
from tests.methodologies.given import methodologies, packs

GRID = methodologies()["ev_charge"].manifest.factors
PACK = """\
id: XX
version: 2026.1
enabled: yes
region: XX
title: {zh: 甲, en: X}
factors:
  - name: f
    unit: kgCO2e/km
    gas_basis: CO2
    boundary: use
    issuer: somebody
    document: a paper
    checked_by: not yet checked
    review_by: 2027-01-01
    values:
      - {region: XX, value: 0.1, valid_from: 2023-01-01, valid_to: 2024-01-01, grade: R}
      - {region: XX, value: 0.2, valid_from: 2024-01-01, grade: P}
"""
NEED = (FactorNeed("f", "kgCO2e/km", {"zh": "因子", "en": "f"}, Decimal(0), Decimal(1)),)


def grid(day: date, region: str | None) -> tuple[str, str, str]:
    """Value, region and variant of the grid factor."""
    found = packs()["CN"].resolve(GRID, occurred_on=day, grid_region=region)["grid_kg_per_kwh"]
    return str(found.value), found.region, found.variant


@pytest.mark.parametrize(
    ("day", "region", "expected"),
    [
        (date(2023, 7, 15), "CN-JS", ("0.5827", "CN-JS", "exact")),
        (date(2022, 12, 31), "CN-JS", ("0.5978", "CN-JS", "exact")),
        (date(2021, 1, 1), "CN-JS", ("0.6451", "CN-JS", "exact")),
        (date(2026, 5, 1), "CN-JS", ("0.5827", "CN-JS", "exact")),
        (date(2022, 6, 1), "CN-SD", ("0.6410", "CN-SD", "exact")),
        (date(2023, 6, 1), "CN-SD", ("0.5306", "CN", "older_year")),
        (date(2023, 6, 1), "CN-YN", ("0.1073", "CN-YN", "older_year")),
        (date(2023, 6, 1), "CN-XZ", ("0.5306", "CN", "parent_zone")),
        (date(2023, 6, 1), None, ("0.5306", "CN", "exact")),
        (date(2023, 6, 1), "CN", ("0.5306", "CN", "exact")),
    ],
)
def test_the_grid_factor_is_chosen_by_day_and_province(
    day: date, region: str | None, expected: tuple[str, str, str]
) -> None:
    """A province without a value takes the lower of its older one and the national one."""
    assert grid(day, region) == expected


def test_nothing_is_guessed_before_the_first_value() -> None:
    """An act before any value of its factor is refused, with the name and the day."""
    with pytest.raises(FactorMissing) as missing:
        grid(date(2020, 12, 31), "CN-JS")
    assert (missing.value.name, missing.value.occurred_on) == (
        "grid_kg_per_kwh",
        date(2020, 12, 31),
    )
    rail = methodologies()["transit_rail"].manifest.factors
    packs()["SZ"].resolve(rail, occurred_on=date(2021, 12, 1))
    with pytest.raises(FactorMissing):
        packs()["SZ"].resolve(rail, occurred_on=date(2021, 11, 30))


def test_validity_is_half_open() -> None:
    """The day on which a value ends belongs to the next one."""
    pack = pack_from_text(PACK)
    on = lambda day: pack.resolve(NEED, occurred_on=day)["f"].value  # noqa: E731
    assert on(date(2023, 12, 31)) == Decimal("0.1")
    assert on(date(2024, 1, 1)) == Decimal("0.2")


def test_the_same_question_has_the_same_answer() -> None:
    """Factors are found once per day and region, and nobody can change what was found."""
    pack = pack_from_text(PACK)
    first = pack.resolve(NEED, occurred_on=date(2024, 5, 1))
    assert pack.resolve(NEED, occurred_on=date(2024, 5, 1)) is first
    with pytest.raises(TypeError):
        first["f"] = None  # type: ignore[index]


def test_a_disabled_pack_credits_nothing() -> None:
    """A pack that is not enabled refuses, whoever asks."""
    pack = pack_from_text(PACK.replace("enabled: yes", "enabled: no"))
    with pytest.raises(PackDisabled):
        pack.resolve(NEED, occurred_on=date(2024, 5, 1))


@pytest.mark.parametrize(("old", "new"), [("kgCO2e/km", "gCO2e/km"), ("value: 0.2", "value: 2")])
def test_a_value_that_does_not_fit_the_need_is_refused(old: str, new: str) -> None:
    """Another scale, or a value outside the declared bounds, is not converted but refused."""
    pack = pack_from_text(PACK.replace(old, new))
    with pytest.raises(FactorUnsuitable):
        pack.resolve(NEED, occurred_on=date(2024, 5, 1))


BROKEN = {
    "an overlap": ("valid_to: 2024-01-01", "valid_to: 2024-01-02"),
    "an open end before another": (", valid_to: 2024-01-01", ""),
    "an empty span": ("valid_to: 2024-01-01", "valid_to: 2023-01-01"),
    "no checker": ("    checked_by: not yet checked\n", ""),
    "no review date": ("    review_by: 2027-01-01\n", ""),
    "no grade": (", grade: P", ""),
    "an unknown grade": ("grade: P", "grade: A"),
    "an unknown key": ("issuer: somebody", "issuer: somebody\n    source: x"),
    "an unknown unit": ("kgCO2e/km", "kgCO2/km"),
    "an unknown gas": ("gas_basis: CO2", "gas_basis: methane"),
    "a date that is none": ("2027-01-01", "2027-02-30"),
    "a float in disguise": ("value: 0.2", "value: 2e-1"),
    "an implicit boolean": ("enabled: yes", "enabled: true"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_pack_with_a_mistake_is_refused(name: str) -> None:
    """A value without source, checker or dates, or in conflict with another, never loads."""
    old, new = BROKEN[name]
    assert old in PACK
    with pytest.raises(DocumentError):
        pack_from_text(PACK.replace(old, new, 1))


@pytest.mark.parametrize("name", sorted(packs()))
def test_a_pack_survives_the_database(name: str) -> None:
    """Rebuilt from its canonical JSON it has the same hash and the same values."""
    pack = packs()[name]
    again = pack_from_canonical(pack.canonical_json)
    assert (again.content_hash, again.values) == (pack.content_hash, pack.values)


@pytest.mark.parametrize("name", sorted(packs()))
def test_second_hand_packs_ship_disabled(name: str) -> None:
    """An enabled pack has travel values of grade R or better; only grid years may be T."""
    pack = packs()[name]
    assert pack.enabled is (name != "JJJ")
    if pack.enabled:
        weak = {f.name for f in pack.values if f.grade in ("T", "U")}
        assert weak <= {"grid_kg_per_kwh"}
