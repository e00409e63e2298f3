"""How a number came about: every input, factor, rule, term, cap and the rounding, in order.

An explanation is recomputed whenever it is asked for and never stored, so it cannot
disagree with the number it explains.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from methodologies.canonical import plain_number
from methodologies.contract import EXACT, SENSED_SHARE, Context, Factor, Quantification, Step
from methodologies.language.walk import evaluate
from methodologies.manifest import Label, Manifest, TermSpec, Tier
from methodologies.program import Program, refusal_of

_SLOT = re.compile(r"\{([a-z0-9_]+)\}")
_CAP_LABEL = {"zh": "本期剩余额度: ", "en": "what the cap still allows: "}
_ROUNDING_LABEL = {"zh": "向下取整到克,不低于零", "en": "whole grams, rounded down, not below zero"}


def explained(
    manifest: Manifest, program: Program, evidence: Mapping[str, Any], context: Context
) -> tuple[Quantification, tuple[Step, ...]]:
    """Walk the formulas of a document over one act.

    Args:
        manifest: what the document declares.
        program: its checked formulas.
        evidence: the inputs of the act.
        context: the day, the factors, and what window caps still allow.

    Returns:
        The same `Quantification` as the compiled function, and the steps to it.
    """
    steps: list[Step] = []
    if not program.capped_terms.issuperset(context.limits):
        return Quantification.error("unknown_limit"), ()
    try:
        return _walked(manifest, program, evidence, context, steps), tuple(steps)
    except ArithmeticError:
        return Quantification.error("arithmetic"), tuple(steps)
    except KeyError:
        return Quantification.error("incomplete"), tuple(steps)


def _walked(
    manifest: Manifest,
    program: Program,
    evidence: Mapping[str, Any],
    context: Context,
    steps: list[Step],
) -> Quantification:
    values = _known(manifest, program, evidence, context, steps)
    for rule, tree in program.rules:
        holds = evaluate(tree, values, EXACT)
        waived = not holds and rule.otherwise == "hold" and rule.because in context.waived
        shown = "yes" if holds else "waived" if waived else "no"
        steps.append(Step(rule.because, "rule", rule.label, shown, "", rule.condition))
        if not holds and not waived:
            return refusal_of(rule)
    for term, tree in program.terms:
        value = evaluate(tree, values, EXACT)
        steps.append(
            Step(term.name, "term", term.label, plain_number(value), term.unit, term.formula)
        )
        if term.name in context.limits and context.limits[term.name] < value:
            steps.append(_cap_step(term, value, context.limits[term.name]))
            value = context.limits[term.name]
        values[term.name] = value
    counts = {name: values[name] for name in program.counted}
    if manifest.engagement is not None:
        return Quantification.engaged(counts)
    own: Tier | None = "C" if manifest.evidence.tier == "C" else None
    lowered = (low.tier for low, tree in program.lower_tiers if evaluate(tree, values, EXACT))
    tier = next(lowered, own)
    pooled = program.poolable_if is None or evaluate(program.poolable_if, values, EXACT)
    found = Quantification.of(values[manifest.result], counts, tier, pooled)
    share = f"{plain_number(SENSED_SHARE)} * " if tier == "C" else "0 * " if tier == "D" else ""
    formula = f"max(0, floor(1000 [g/kg] * {share}{manifest.result}))"
    steps.append(Step("grams", "rounding", _ROUNDING_LABEL, str(found.grams), "gCO2e", formula))
    return found


def _known(
    manifest: Manifest,
    program: Program,
    evidence: Mapping[str, Any],
    context: Context,
    steps: list[Step],
) -> dict[str, Any]:
    """What is known before the first formula, and a step for each of it."""
    values: dict[str, Any] = {}
    for name in program.inputs:
        spec = manifest.inputs[name]
        values[name] = evidence[name]
        steps.append(Step(name, "input", spec.label, _shown(values[name]), spec.unit))
    optional = {need.name for need in manifest.factors if need.optional}
    for name in program.factors:
        if name in optional and name not in context.factors:
            continue
        factor = context.factors[name]
        values[name] = factor.value
        label = manifest.labels[name]
        shown = plain_number(factor.value)
        steps.append(Step(name, "factor", label, shown, factor.unit, "", provenance(factor)))
    for table in manifest.tables.values():
        shown = ", ".join(f"{key}: {plain_number(value)}" for key, value in table.values.items())
        steps.append(Step(table.name, "parameter", table.label, shown, table.unit))
    for name in program.parameters:
        parameter = manifest.parameters[name]
        values[name] = parameter.value
        shown = _shown(parameter.value)
        steps.append(Step(name, "parameter", parameter.label, shown, parameter.unit))
    return values


def _cap_step(term: TermSpec, value: Decimal, allowed: Decimal) -> Step:
    label: Label = {
        "zh": f"{_CAP_LABEL['zh']}{term.label['zh']}",
        "en": f"{_CAP_LABEL['en']}{term.label['en']}",
    }
    cut = {"before_cap": plain_number(value), "allowed": plain_number(allowed)}
    formula = f"min({term.name}, {cut['allowed']} [{term.unit}])"
    return Step(term.name, "cap", label, cut["allowed"], term.unit, formula, cut)


def provenance(factor: Factor) -> Mapping[str, str]:
    """Where a factor comes from and how it was found, as text."""
    return {
        "issuer": factor.issuer,
        "document": factor.document,
        "grade": factor.grade,
        "region": factor.region,
        "valid_from": factor.valid_from.isoformat(),
        "valid_to": factor.valid_to.isoformat() if factor.valid_to else "",
        "variant": factor.variant,
        "pack": factor.pack,
        "gas_basis": factor.gas_basis,
    }


def sentence(manifest: Manifest, steps: tuple[Step, ...]) -> Label:
    """The citizen's sentence in both languages, filled in from the steps of an explanation.

    A name without a step, because the act was refused before it, is shown as a dash. Of a
    term that was cut, the value after the cut is shown.
    """
    values = {step.name: step.value for step in steps if step.kind != "rule"}
    return {
        language: _SLOT.sub(lambda found: values.get(found.group(1), "-"), text)
        for language, text in manifest.sentence.items()
    }


def _shown(value: Decimal | str | tuple[Decimal, ...]) -> str:
    if isinstance(value, tuple):
        return ", ".join(plain_number(item) for item in value)
    return plain_number(value) if isinstance(value, Decimal) else value
