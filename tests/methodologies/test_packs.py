"""Factor packs: strictness, the date of the act, and what stands in for a missing value."""

from datetime import date
from decimal import Decimal

import pytest

from methodologies.contract import Context
from methodologies.documents import DocumentError
from methodologies.manifest import FactorNeed
from methodologies.packs import (
    FactorMissing,
    FactorUnsuitable,
    PackDisabled,
    keys_of,
    overdue,
    pack_from_canonical,
    pack_from_text,
)
from methodologies.pooling import may_be_pooled
from tests.methodologies.given import ACT_DAY, methodologies, packs

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
    """Two packs are disabled; in an enabled one only what is known to be weak is T or U."""
    pack = packs()[name]
    assert pack.enabled is (name not in ("JJJ", "SH"))
    if pack.enabled:
        assert {f.name for f in pack.values if f.grade in ("T", "U")} <= WEAK


WEAK = {
    "grid_kg_per_kwh",
    "water_kg_per_m3",
    "storage_efficiency",
    "charging_loss_share",
    "baseline_kwh_per_person_day",
    "base_kg_per_pkm",
    "rail_kg_per_pkm",
    "bus_kg_per_pkm",
    "bike_kg_per_pkm",
    "production_kg",
}
"""Factors that make their acts points-only until somebody has read the primary text."""


def test_a_gap_is_explained_or_refused() -> None:
    """Between two values of a name nothing is missing unless the pack says why."""
    gap = PACK.replace("valid_from: 2024-01-01, grade: P", "valid_from: 2024-02-01, grade: P")
    with pytest.raises(DocumentError, match="gap"):
        pack_from_text(gap)
    told = gap.replace("2024-02-01,", "2024-02-01, after_gap: nothing was published in January,")
    pack = pack_from_text(told)
    with pytest.raises(FactorMissing):
        pack.resolve(NEED, occurred_on=date(2024, 1, 15))
    with pytest.raises(DocumentError, match="gap"):
        pack_from_text(PACK.replace("grade: P", "grade: P, after_gap: there is none"))
    again = pack_from_canonical(pack.canonical_json)
    assert again.content_hash == pack.content_hash


def test_what_nobody_has_looked_at_is_told() -> None:
    """A source is overdue from the day after its review date, the longest overdue first."""
    early = pack_from_text(PACK.replace("2027-01-01", "2026-12-01").replace("id: XX", "id: YY"))
    late = pack_from_text(PACK)
    assert overdue([early, late], date(2026, 12, 1)) == []
    found = overdue([late, early], date(2027, 1, 2))
    assert [(each.pack, each.days) for each in found] == [("YY", 32), ("XX", 1)]
    assert found[0].document == "a paper"
    assert found[0].checked_by == "not yet checked"
    assert overdue(packs().values(), date(2027, 3, 31)) == []
    assert overdue(packs().values(), date(2027, 4, 1)) != []


KEYED = (
    FactorNeed("f", "kgCO2e/km", NEED[0].label, Decimal(0), Decimal(1), ("pack", "date", "m")),
)


def test_a_code_chooses_its_own_value_and_else_a_default() -> None:
    """A model's own value is exact; the kind's value is a default, which is never pooled."""
    rows = "      - {region: a-1, value: 0.9, valid_from: 2023-01-01, grade: P}\n"
    pack = pack_from_text(PACK + rows)
    day = date(2023, 5, 1)
    found = {
        model: pack.resolve(KEYED, occurred_on=day, keys=keys_of(KEYED, {"m": model}))["f"]
        for model in ("a-1", "b-2", "")
    }
    assert [(str(f.value), f.variant) for f in found.values()] == [
        ("0.9", "exact"),
        ("0.1", "default"),
        ("0.1", "default"),
    ]
    manifest = methodologies()["clothes_recycle"].manifest
    assert may_be_pooled(manifest, {"f": found["a-1"]})
    assert not may_be_pooled(manifest, {"f": found["b-2"]})


def test_an_optional_factor_may_be_missing() -> None:
    """Wuhan knows a bus trip and not a bus kilometre; only the act that needs it is held."""
    bus = methodologies()["transit_bus"]
    day = date(2026, 5, 1)
    factors = packs()["WH"].resolve(bus.manifest.factors, occurred_on=day)
    assert set(factors) == {"bus_net_kg_per_trip"}
    act = {"mode": "trip", "trips": Decimal(1), "distance_km": Decimal(3), "rider": ""}
    act |= {"timetable_gap_min": Decimal(0), "duration_min": Decimal(9)}
    act |= {"minutes_since_same_line": Decimal(500)}
    assert bus.quantify(act, Context(day, factors)).grams == 212
    by_distance = bus.quantify(act | {"mode": "distance"}, Context(day, factors))
    assert (by_distance.status, by_distance.reason_code) == ("error", "incomplete")
    assert bus.explain(act | {"mode": "distance"}, Context(day, factors))[0] == by_distance


def test_shanghai_contradicts_itself_and_credits_nothing() -> None:
    """Both transcriptions are written down where no act finds them, and the pack is disabled."""
    pack = packs()["SH"]
    rail = sorted(str(f.value) for f in pack.values if f.name == "rail_net_kg_per_pkm")
    assert rail == ["0.071", "0.097"]
    needs = methodologies()["transit_rail"].manifest.factors
    with pytest.raises(PackDisabled):
        pack.resolve(needs, occurred_on=ACT_DAY)
    enabled = pack_from_canonical(pack.canonical_json.replace('"enabled":"no"', '"enabled":"yes"'))
    with pytest.raises(FactorMissing):
        enabled.resolve(needs, occurred_on=date(2026, 5, 1))
