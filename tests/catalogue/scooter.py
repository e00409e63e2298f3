"""A methodology that is not shipped, as an officer would write it, and its way into force."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from app.clock import current_time
from app.ids import new_id
from app.people.offices import EVERYBODY
from app.people.tokens import Audience
from tests.city import NOON

BASE = "/v1/admin/methodologies"
ONE = f"{BASE}/kick_scooter/versions"
TODAY = "2026-03-01"
TEXT = """\
language: 1
id: kick_scooter
version: {version}
title: {{zh: 滑板车, en: Kick scooter}}
upstream:
  - {{issuer: 某市, document: 滑板车试点, year: 2025, use: net saving per kilometre, grade: R}}
scope:
  sector: transport
  regions: [CN]
  gases: [CO2]
  act: {{zh: 一次骑行, en: one ride}}
  baseline: {{zh: 城市道路客运方式, en: the city's road passenger modes}}
  project: {{zh: 滑板车, en: the scooter}}
  leakage: none
  additionality: simplified
  late_evidence_days: 30
inputs:
  started_at:  {{type: instant, label: {{zh: 开始时间, en: started at}}, personal: sensitive}}
  ended_at:    {{type: instant, label: {{zh: 结束时间, en: ended at}}, personal: sensitive}}
  distance_km: {{type: decimal, unit: km, min: 0, max: 50, places: 2, label: {{zh: 里程, en: distance}}}}
parameters:
  least_km:      {{value: {least}, unit: km, label: {{zh: 里程下限, en: shortest ride}}}}
  net_kg_per_km: {{value: {factor}, unit: kgCO2e/km, label: {{zh: 净减排因子, en: net saving}}}}
applicable_if:
  - {{if: "distance_km >= least_km", because: too_short}}
terms:
  reduction_kg: {{formula: "distance_km * net_kg_per_km", unit: kgCO2e, label: {{zh: 减排量, en: reduction}}}}
result: reduction_kg
rounding: {{to: 1 gCO2e, mode: floor, below_zero: zero}}
largest_act: 3000 gCO2e
caps:
  - {{count: acts, per: citizen, window: day, max: {rides}, because: rides_per_day}}
claims:
  - {{scope: traveller, subject: citizen, during: [started_at, ended_at]}}
natural_key: [provider, order_no]
evidence:
  tier: B
  poolable: no
  fields: [order_no]
  required: [started_at, ended_at, distance_km]
  retention_days: 90
vectors:
  - name: two kilometres
    given: {{distance_km: 2}}
    expect: {{status: quantified, grams: {grams}}}
  - name: round the corner
    given: {{distance_km: 0.1}}
    expect: {{status: not_applicable, because: too_short}}
sentence:
  zh: 您骑行滑板车减排 {{grams}} 克。
  en: Your ride saved {{grams}} g.
"""


def text(
    version: str = "1.0.0", *, factor: str = "0.05", least: str = "0.5", rides: int = 6
) -> str:
    """The document; 2 km at 0.05 kg/km are 100 g."""
    grams = int(float(factor) * 2000 + 0.000001)
    return TEXT.format(version=version, factor=factor, least=least, rides=rides, grams=grams)


def ride(
    ref: str, day: str, *, subject: str = "card-anna", hour: int = 8, km: str = "2"
) -> dict[str, Any]:
    """A ride of 2 km that ended at eight in the morning."""
    return {
        "ref": ref,
        "subject": subject,
        "methodology": "kick_scooter",
        "data": {
            "started_at": f"{day}T{hour:02}:00:00+08:00",
            "ended_at": f"{day}T{hour:02}:20:00+08:00",
            "distance_km": km,
        },
    }


async def uploaded(client: httpx.AsyncClient, headers: dict[str, str], **changes: Any) -> Any:
    """Upload a version; the answer."""
    body = {"document": text(**changes), "reason": "a new pilot"}
    return await client.post(ONE, json=body, headers=headers)


async def tried(
    client: httpx.AsyncClient, headers: dict[str, str], version: str, **more: Any
) -> Any:
    """Dry-run a version; the answer."""
    return await client.post(
        f"{ONE}/{version}/dry-runs", json={"reason": "first look"} | more, headers=headers
    )


async def submitted(
    client: httpx.AsyncClient, headers: dict[str, str], version: str, day: date | str
) -> Any:
    """Submit a version; the answer."""
    body = {"active_from": str(day), "reason": "the pilot begins"}
    return await client.post(f"{ONE}/{version}/submit", json=body, headers=headers)


async def approve(
    client: httpx.AsyncClient, headers: dict[str, str], proposal_id: str | UUID
) -> Any:
    """Approve a proposal; the answer."""
    return await client.post(f"/v1/admin/proposals/{proposal_id}/approve", headers=headers)


async def in_force(
    client: httpx.AsyncClient,
    author: dict[str, str],
    other: dict[str, str],
    day: date | str,
    version: str = "1.0.0",
    **changes: Any,
) -> Any:
    """A version's whole way into force; the answer to the approval."""
    assert (await uploaded(client, author, version=version, **changes)).status_code == 201
    assert (await tried(client, author, version)).status_code == 201
    proposal = (await submitted(client, author, version, day)).json()["proposal_id"]
    return await approve(client, other, proposal)


async def deliver(client: httpx.AsyncClient, app: FastAPI, *records: dict[str, Any]) -> Any:
    """Send records as the provider; the outcomes."""
    now = app.dependency_overrides[current_time]()
    token = app.state.tokens.sign(Audience.provider, subject="bikes", now=now)
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.post("/v1/provider/batches", json={"records": records}, headers=headers)
    assert answer.status_code == 207, answer.text
    return answer.json()["outcomes"]


def at(app: FastAPI, moment: datetime) -> None:
    """Let the service live at another moment."""
    app.dependency_overrides[current_time] = lambda: moment


async def state(
    client: httpx.AsyncClient, headers: dict[str, str], version: str = "1.0.0"
) -> tuple[str, list[tuple[str, str]]]:
    """The state of a version, and its history."""
    life = (await client.get(f"{ONE}/{version}", headers=headers)).json()
    return life["state"], [(each["to_state"], each["actor"][:8]) for each in life["history"]]


def officer_at(app: FastAPI, headers: dict[str, str]) -> dict[str, str]:
    """The same officer with a token of the service's present moment."""
    caller = app.state.tokens.read(headers["Authorization"].split()[1], Audience.officer, now=NOON)
    return _officer(app, caller.subject)


def somebody(app: FastAPI) -> dict[str, str]:
    """An officer nobody has met yet."""
    return _officer(app, str(new_id()))


def _officer(app: FastAPI, subject: str) -> dict[str, str]:
    now = app.dependency_overrides[current_time]()
    token = app.state.tokens.sign(Audience.officer, subject=subject, offices=EVERYBODY, now=now)
    return {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
