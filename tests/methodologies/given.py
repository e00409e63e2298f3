"""What several test modules need: documents, packs, a clock that stands still, a record."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from methodologies import registry
from methodologies.contract import Methodology
from methodologies.documents import load_text
from methodologies.packs import Pack

SHANGHAI = ZoneInfo("Asia/Shanghai")
RECEIVED_AT = datetime(2023, 7, 16, 0, 0, tzinfo=UTC)
ACT_DAY = date(2023, 7, 15)

RECORDS: dict[str, dict[str, Any]] = {
    "bike_ride": {
        "started_at": "2023-07-15T08:00:00+08:00",
        "ended_at": "2023-07-15T08:15:00+08:00",
        "distance_km": "3.7",
        "operator_id": "op-1",
        "order_no": "A-77",
    },
    "transit_rail": {
        "started_at": "2023-07-15T08:00:00+08:00",
        "ended_at": "2023-07-15T08:31:10+08:00",
        "entry_station": "世界之窗",
        "exit_station": "罗湖",
        "distance_km": "12.4",
        "rider_hash": "9f2c",
    },
    "ev_charge": {
        "started_at": "2023-07-15T08:00:00+08:00",
        "ended_at": "2023-07-15T08:45:00+08:00",
        "energy_kwh": "32.5",
        "grid_region": "CN-JS",
        "vehicle_id": "v-1",
    },
}


UNSAID = {"track_km": Decimal(0), "bicycle": ""}
"""What a ride's record need not say, as the reader fills it in."""


@cache
def methodologies() -> dict[str, Methodology]:
    """Everything shipped, by id."""
    return {found.manifest.id: found for found in registry.shipped()}


@cache
def packs() -> dict[str, Pack]:
    """Every pack, by id."""
    return registry.packs()


SMALL = """\
language: 1
id: small
version: 1.0.0
title: {zh: 小, en: Small}
upstream:
  - {issuer: nobody, document: none, year: 2024, use: a test, grade: D}
scope:
  sector: transport
  regions: [CN]
  gases: [CO2]
  act: {zh: 行为, en: an act}
  baseline: {zh: 基准, en: a baseline}
  project: {zh: 项目, en: a project}
  leakage: none
  additionality: simplified
  late_evidence_days: 30
inputs:
  at: {type: instant, label: {zh: 时间, en: at}}
  x: {type: decimal, unit: km, min: 0, max: 1000, places: 3, label: {zh: 甲, en: x}}
  y: {type: decimal, unit: km, min: 0, max: 1000, places: 3, label: {zh: 乙, en: y}}
  w: {type: decimal, unit: m, min: 0, max: 1000, places: 3, label: {zh: 丙, en: w}}
  c: {type: code, label: {zh: 丁, en: c}}
  d: {type: code, label: {zh: 戊, en: d}}
factors:
  f: {unit: kgCO2e/km, min: 0, max: 9, choose_by: [pack, date], label: {zh: 因子, en: f}}
applicable_if:
  - {if: "RULE", because: not_so}
terms:
  kg: {formula: "FORMULA", unit: kgCO2e, label: {zh: 减排, en: saved}}
result: kg
rounding: {to: 1 gCO2e, mode: floor, below_zero: zero}
largest_act: 9000000 gCO2e
caps:
  - {count: kg, per: citizen, window: day, max: 9000, because: kg_per_day}
natural_key: [provider, at]
evidence: {tier: A, poolable: yes, retention_days: 90, required: [at]}
sentence: {zh: "{grams} 克", en: "{grams} g"}
"""


def small(*, formula: str = "x * f", rule: str = "x >= 0 [km]", **changes: str) -> Any:
    """A document of one formula and one rule; other lines are replaced by ``changes``."""
    text = SMALL.replace("FORMULA", formula).replace("RULE", rule)
    for old, new in changes.items():
        text = text.replace(old, new)
    return load_text(text)


BIKE = methodologies()["bike_ride"]
"""A shipped document, for whoever names it by its place."""
