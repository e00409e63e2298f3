"""Tools for whoever writes a methodology: a first draft, a comparison, a bundle.

Pure functions over texts and documents; asking questions and reading files is the command
line's. Bounds stand in `bounds`, the checks in `conformance`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from methodologies.canonical import canonical_json
from methodologies.conformance import report, tier
from methodologies.contract import Context, Methodology
from methodologies.documents import load_document

QUESTIONS: Mapping[str, str] = {
    "id": "Its id, in lower-case letters and underscores (lift_stairs)?",
    "title_zh": "Its title in Chinese?",
    "title_en": "Its title in English?",
    "measured": "What is measured, in which unit (distance_km km)?",
    "factor": "Which factor turns it into kilograms (stairs_kg_per_km)?",
    "source": "Who says so: issuer, document (Somebody, Some paper)?",
}
"""The six questions, by the key under which `new_document` takes the answer."""
MOVERS = 50
_MEASURED = re.compile(r"([a-z][a-z0-9_]*) +(\S+)")


@dataclass(frozen=True, slots=True)
class Mover:
    """One act that is worth something else under the new version."""

    act: int
    before: int
    after: int
    reason_before: str | None
    reason_after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new version changes: in the text, and in the worth of some acts (grams)."""

    changed: tuple[str, ...]
    acts: int
    differing: int
    grams_before: int
    grams_after: int
    newly_refused: int
    newly_accepted: int
    movers: tuple[Mover, ...]


def new_document(answers: Mapping[str, str]) -> str:
    """The text of a first draft that loads and passes its own two examples.

    Args:
        answers: one for each of `QUESTIONS`.

    Raises:
        KeyError: an answer is missing.
        ValueError: ``measured`` is not a name and a unit, or ``source`` not two parts.
    """
    measured = _MEASURED.fullmatch(answers["measured"].strip())
    issuer, comma, paper = answers["source"].partition(",")
    if measured is None or not comma:
        raise ValueError("measured is a name and a unit; source is an issuer, then a document")
    name, unit = measured.groups()
    slots = {
        "ID": answers["id"].strip(),
        "ZH": _quoted(answers["title_zh"]),
        "EN": _quoted(answers["title_en"]),
        "NAME": name,
        "UNIT": unit,
        "FACTOR": answers["factor"].strip(),
        "ISSUER": _quoted(issuer),
        "PAPER": _quoted(paper),
    }
    return re.sub(r"<([A-Z]+)>", lambda slot: slots[slot.group(1)], _DRAFT)


def _quoted(text: str) -> str:
    """A text as YAML and JSON both write it."""
    return json.dumps(text.strip(), ensure_ascii=False)


def diff(
    old: Methodology, new: Methodology, acts: Iterable[tuple[Mapping[str, Any], Context]]
) -> Difference:
    """What a new version changes.

    Args:
        old: the version there is.
        new: the version that may follow.
        acts: typed inputs and context of some acts, which have what both versions need.
    """
    before = _keys(old)
    after = _keys(new)
    changed = sorted(
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    )
    movers: list[Mover] = []
    count = total_before = total_after = refused = accepted = 0
    for count, (inputs, context) in enumerate(acts, start=1):
        one, two = old.quantify(inputs, context), new.quantify(inputs, context)
        total_before += one.grams
        total_after += two.grams
        refused += one.status == "quantified" != two.status
        accepted += two.status == "quantified" != one.status
        if (one.grams, one.reason_code) != (two.grams, two.reason_code):
            movers.append(Mover(count, one.grams, two.grams, one.reason_code, two.reason_code))
    top = sorted(movers, key=lambda each: (-abs(each.after - each.before), each.act))[:MOVERS]
    return Difference(
        tuple(changed),
        count,
        len(movers),
        total_before,
        total_after,
        refused,
        accepted,
        tuple(top),
    )


def _keys(methodology: Methodology) -> dict[str, Any]:
    """The parts of a document by their place: ``terms.reduction_kg``, ``caps``."""
    found: dict[str, Any] = {}
    for key, value in json.loads(methodology.manifest.canonical_json).items():
        named = isinstance(value, list) and value and all("name" in row for row in value)
        for row in value if named else ():
            found[f"{key}.{row['name']}"] = row
        if not named:
            found[key] = value
    return found


def bundle(folder: Path) -> bytes:
    """One file out of a folder ``<id>/<version>``: document, page and report, canonical JSON.

    The same folder always gives the same bytes. ``document`` is what an upload sends.

    Raises:
        DocumentError: a file is refused.
    """
    document = load_document(folder)
    found = report(document)
    page = folder.parent / "README.md"
    content = {
        "format": "puhui-methodology/1",
        "content_hash": document.manifest.content_hash,
        "document": document.manifest.canonical_json,
        "readme": page.read_text(encoding="utf-8") if page.exists() else "",
        "tier": tier(found),
        "findings": [{"rule": each.rule, "detail": each.detail} for each in found.findings],
    }
    return canonical_json(content).encode()


_DRAFT = """\
language: 1
id: <ID>
version: 1.0.0
title: {zh: <ZH>, en: <EN>}
upstream:
  - {issuer: <ISSUER>, document: <PAPER>, year: unknown, use: net saving per unit, grade: U}
scope:
  sector: unknown
  regions: [CN]
  gases: [CO2]
  act: {zh: <ZH>, en: <EN>}
  baseline: {zh: 待填写, en: to be written}
  project: {zh: 待填写, en: to be written}
  leakage: none
  additionality: to be shown; points only
  late_evidence_days: 30
inputs:
  ended_at: {type: instant, label: {zh: 完成时间, en: completed at}}
  <NAME>: {type: decimal, unit: <UNIT>, min: 0, max: 1000, places: 3,
    label: {zh: 活动量, en: amount}}
factors:
  <FACTOR>: {unit: kgCO2e/<UNIT>, min: 0, max: 10, choose_by: [pack, date],
    label: {zh: 因子, en: factor}}
applicable_if:
  - {if: "<NAME> > 0 [<UNIT>]", because: nothing}
terms:
  counted: {formula: "min(<NAME>, 100 [<UNIT>])", unit: <UNIT>,
    label: {zh: 计入量, en: amount counted}}
  reduction_kg: {formula: "counted * <FACTOR>", unit: kgCO2e,
    label: {zh: 减排量, en: emission reduction}}
result: reduction_kg
rounding: {to: 1 gCO2e, mode: floor, below_zero: zero}
largest_act: 1000000 gCO2e
caps:
  - {count: counted, per: citizen, window: day, max: 100, because: amount_per_day}
claims:
  - {scope: order, subject: order_no, within: provider}
natural_key: [provider, order_no]
evidence:
  tier: B
  poolable: no
  fields: [order_no]
  required: [ended_at, <NAME>, order_no]
  retention_days: 90
sentence: {zh: "您少排放 {grams} 克二氧化碳。", en: "You saved {grams} g of CO2."}
vectors:
  - name: ten, by a factor of one twentieth
    given: {<NAME>: 10}
    factors: {<FACTOR>: 0.05}
    expect: {status: quantified, counted: 10, reduction_kg: 0.5, grams: 500}
  - name: nothing
    given: {<NAME>: 0}
    factors: {<FACTOR>: 0.05}
    expect: {status: not_applicable, because: nothing, grams: 0}
"""
