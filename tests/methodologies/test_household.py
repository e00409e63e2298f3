"""History, tranches and tiers: what depends on the citizen's own past, and what may be pooled."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methodologies.contract import Context, Quantification
from methodologies.evidence import EvidenceError, reader_for
from methodologies.pooling import may_be_pooled, pooled_grams, split, tier_of
from methodologies.replay import inputs_from_json, inputs_to_json
from methodologies.trials import context_of, evidence_of, factors_of
from tests.methodologies.given import SHANGHAI, methodologies, packs

LATER = datetime(2026, 12, 31, tzinfo=UTC)
BILL = {
    "started_at": "2023-12-01T00:00:00+08:00",
    "ended_at": "2024-01-01T00:00:00+08:00",
    "use_kwh": "171",
    "billing_days": 30,
    "grid_region": "CN-JS",
    "meter_hash": "m-1",
}
DAY = {
    "started_at": "2023-07-15T00:00:00+08:00",
    "ended_at": "2023-07-16T00:00:00+08:00",
    "use_kwh": "9",
    "household_members": 3,
    "grid_region": "CN-JS",
    "meter_hash": "m-1",
}


def read(name: str, record: dict[str, Any], **history: Any) -> Any:
    """The evidence of one record."""
    reader = reader_for(methodologies()[name].manifest)
    return reader.read(record, received_at=LATER, zone=SHANGHAI, history=history)


def test_a_period_is_dated_by_its_last_day() -> None:
    """A bill that ends at midnight of New Year belongs to the old year and its factor."""
    evidence = read("home_elec_hist", BILL, same_month_kwh=["212", "198"])
    assert evidence.occurred_on == date(2023, 12, 31)
    short = BILL | {"ended_at": "2024-01-01T00:00:01+08:00"}
    assert read("home_elec_hist", short, same_month_kwh=[212]).occurred_on == date(2024, 1, 1)


def test_the_factor_changes_with_the_year_of_the_last_day() -> None:
    """Two bills a month apart, one on each side of New Year, with the factors of their years."""
    document = methodologies()["home_elec_hist"]
    grams = []
    for start, end in (("2022-12-01", "2023-01-01"), ("2023-01-01", "2023-02-01")):
        record = BILL | {
            "started_at": f"{start}T00:00:00+08:00",
            "ended_at": f"{end}T00:00:00+08:00",
        }
        evidence = read("home_elec_hist", record, same_month_kwh=["212", "198"])
        factors = packs()["CN"].resolve(
            document.manifest.factors, occurred_on=evidence.occurred_on, grid_region="CN-JS"
        )
        grams.append(document.quantify(evidence, Context(evidence.occurred_on, factors)).grams)
    assert grams == [20_325, 19_811]


def test_history_is_handed_in_and_kept() -> None:
    """What the platform found is an input like any other, so a replay looks nothing up."""
    manifest = methodologies()["home_elec_hist"].manifest
    evidence = read("home_elec_hist", BILL, same_month_kwh=(Decimal("212.0"), Decimal(198)))
    assert evidence["same_month_kwh"] == (Decimal(212), Decimal(198))
    assert evidence["appliance_kwh"] == 0
    kept = inputs_to_json(evidence, manifest)
    assert kept["same_month_kwh"] == "212,198"
    assert inputs_from_json(kept, manifest)["same_month_kwh"] == (Decimal(212), Decimal(198))


def test_a_provider_may_bring_history_only_where_the_document_says_so() -> None:
    """The platform's own value wins; what nobody may send is unknown; none at all is refused."""
    brought = BILL | {"same_month_kwh": ["300"]}
    assert read("home_elec_hist", brought)["same_month_kwh"] == (Decimal(300),)
    mine = read("home_elec_hist", brought, same_month_kwh=["200"])
    assert mine["same_month_kwh"] == (Decimal(200),)
    for record, reason in (
        (BILL, "no_history"),
        (BILL | {"same_month_kwh": ["1"], "appliance_kwh": "1"}, "unknown_field"),
        (BILL | {"same_month_kwh": []}, "out_of_bounds"),
        (BILL | {"same_month_kwh": ["1", "2", "3"]}, "out_of_bounds"),
        (BILL | {"same_month_kwh": ["-1"]}, "out_of_bounds"),
        (BILL | {"same_month_kwh": "212"}, "not_a_list"),
        (BILL | {"same_month_kwh": ["x"]}, "not_a_number"),
        (BILL | {"same_month_kwh": [1.5]}, "not_a_number"),
    ):
        with pytest.raises(EvidenceError) as refused:
            read("home_elec_hist", record)
        assert refused.value.reason_code == reason


def test_swinging_up_and_down_earns_no_poolable_gram() -> None:
    """A year of 20 and 10 kWh by turns saves nothing, and nothing of it can be pooled."""
    document = methodologies()["home_elec_daily"]
    values = {"baseline_kwh_per_person_day": Decimal("2.4"), "grid_kg_per_kwh": Decimal("0.5827")}
    context = Context(date(2023, 7, 15), factors_of(document.manifest, values))
    uses = [20 if day % 2 else 10 for day in range(372)]
    engaged = pooled = 0
    balance = Decimal(0)
    for day in range(7, 372):
        mean = Decimal(sum(uses[day - 7 : day])) / 7
        history = {"prior_7_day_mean_kwh": f"{mean:.6f}", "year_balance_kwh": balance}
        evidence = read("home_elec_daily", DAY | {"use_kwh": uses[day]}, **history)
        found = document.quantify(evidence, context)
        balance += found.counts["balance_kwh"]
        engaged += found.grams
        pooled += found.grams if found.poolable else 0
    assert pooled == 0
    assert engaged > 300_000


@given(st.lists(st.integers(0, 15), min_size=30, max_size=60))
def test_what_is_pooled_never_exceeds_what_the_year_left_over(uses: list[int]) -> None:
    """On every day the pooled energy is at most baseline minus use of all days so far."""
    document = methodologies()["home_elec_daily"]
    values = {"baseline_kwh_per_person_day": Decimal("2.4"), "grid_kg_per_kwh": Decimal(1)}
    context = Context(date(2023, 7, 15), factors_of(document.manifest, values))
    balance, left_over, pooled = Decimal(0), Decimal(0), Decimal(0)
    for use in uses:
        evidence = read("home_elec_daily", DAY | {"use_kwh": use}, year_balance_kwh=balance)
        found = document.quantify(evidence, context)
        balance += found.counts["balance_kwh"]
        left_over += Decimal("7.2") - use
        pooled += found.unrounded_kg if found.poolable else 0
        assert found.unrounded_kg == 0 or pooled <= max(Decimal(0), left_over) or not found.poolable


def test_the_branch_decides_the_tranche() -> None:
    """Below the baseline grams may be pooled, below the own mean they are engagement."""
    document = methodologies()["home_elec_daily"]
    poolable = {
        vector.name: document.quantify(
            evidence_of(vector, document.manifest), context_of(vector, document.manifest)
        ).poolable
        for vector in document.vectors
    }
    assert poolable["three people, 5.8 kWh: below the baseline, poolable"]
    assert not poolable["above the baseline, below the own mean: engagement tranche"]
    pack = packs()["CN"]
    factors = pack.resolve(
        document.manifest.factors, occurred_on=date(2023, 7, 15), grid_region="CN-JS"
    )
    assert not may_be_pooled(document.manifest, factors)  # its baseline is illustrative


def test_an_own_bicycle_counts_four_fifths_and_is_never_pooled() -> None:
    """Tier C is deducted before the floor; the shared bicycle beside it is untouched."""
    bike = methodologies()["bike_ride"]
    vector = next(v for v in bike.vectors if v.given.get("bicycle") == "own")
    context = context_of(vector, bike.manifest)
    evidence = evidence_of(vector, bike.manifest)
    found, steps = bike.explain(evidence, context)
    assert (found.grams, found.tier, str(found.unrounded_kg)) == (144, "C", "0.1441520")
    assert "0.8 * reduction_kg" in steps[-1].formula
    cn = packs()["CN"].resolve(bike.manifest.factors, occurred_on=date(2026, 5, 1))
    assert not may_be_pooled(bike.manifest, cn, found)
    shared = bike.quantify(evidence | {"bicycle": "shared"}, context)
    assert tier_of(bike.manifest, shared) == "A"
    assert pooled_grams(bike.manifest, cn, shared) == shared.grams == 180


def test_a_batch_withholds_a_twentieth_of_tier_b() -> None:
    """The citizen keeps 18,000 g; the batch takes 17,100."""
    clothes = methodologies()["clothes_recycle"].manifest
    factors = packs()["CN"].resolve(clothes.factors, occurred_on=date(2026, 5, 1))
    assert pooled_grams(clothes, factors, Quantification.of(Decimal(18))) == 17_100
    assert pooled_grams(clothes, factors, Quantification.of(Decimal("0.019"))) == 18


def test_tier_d_has_no_grams_whatever_is_computed() -> None:
    """Even code that says D of an act cannot give it grams."""
    assert Quantification.of(Decimal(5), tier="D").grams == 0


@given(st.integers(0, 10**12), st.sampled_from(["0.5", "0.3", "0.333", "0.01"]))
def test_sharing_loses_no_gram(grams: int, share: str) -> None:
    """Shares add up to the whole, and nobody is a gram away from the exact share."""
    shares = {"one": Decimal(share), "other": 1 - Decimal(share)}
    found = split(grams, shares)
    assert sum(found.values()) == grams
    assert all(abs(found[role] - grams * shares[role]) < 1 for role in shares)


def test_the_first_role_takes_the_odd_gram() -> None:
    """Half and half of an odd number is settled by order, not by chance."""
    assert split(3, methodologies()["carpool"].manifest.shares) == {"driver": 2, "passengers": 1}
