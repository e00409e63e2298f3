"""The formulas of a document: read, checked, and made into one function.

The function is the credit path; the checked trees beside it are what `explain` walks.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from methodologies.contract import EXACT, NOTHING, Context, Quantification
from methodologies.language.check import (
    CODE,
    Checked,
    Code,
    Lookup,
    Series,
    Type,
    check,
    check_condition,
)
from methodologies.language.compile import Source, executed
from methodologies.language.parse import Node, parse
from methodologies.language.tokens import FormulaError
from methodologies.language.units import unit
from methodologies.manifest import LowerTier, Manifest, RuleSpec, TermSpec, Tier
from methodologies.strict_yaml import refuse

Run = Callable[[Mapping[str, Any], Context], Quantification]


@dataclass(frozen=True, slots=True)
class Program:
    """All formulas of one document, checked, in the order they are evaluated."""

    run: Run
    rules: tuple[tuple[RuleSpec, Checked], ...]
    terms: tuple[tuple[TermSpec, Checked], ...]
    inputs: tuple[str, ...]
    factors: tuple[str, ...]
    parameters: tuple[str, ...]
    counted: tuple[str, ...]
    capped_terms: frozenset[str]
    lower_tiers: tuple[tuple[LowerTier, Checked], ...] = ()
    poolable_if: Checked | None = None


def program_of(manifest: Manifest) -> Program:
    """Read, check and compile every formula of a manifest.

    Raises:
        DocumentError: a formula is refused; the place is the formula's in the document.
    """
    types = types_of(manifest)
    specs = (*manifest.applicable_if, *manifest.verification)
    rules = tuple((rule, _condition(rule.condition, types)) for rule in specs)
    terms = []
    for term in manifest.terms:
        terms.append((term, _term(term, types)))
        types[term.name] = unit(term.unit)
        if term.name == manifest.result and types[term.name] != unit("kgCO2e"):
            raise refuse(f"the result {term.name!r} is a mass of CO2e, in kgCO2e", term.unit)
    evidence = manifest.evidence
    lower = tuple((each, _condition(each.condition, types)) for each in evidence.lower_tiers)
    pooled = _condition(evidence.poolable_if, types) if evidence.poolable_if else None
    trees = [tree for _, tree in (*rules, *terms, *lower)] + ([pooled] if pooled else [])
    used = {name for tree in trees for name in _names(tree)}
    counted = _counted(manifest)
    _refuse_unused(manifest, used | set(counted))
    read = used | set(counted)
    program = Program(
        run=_unmade,
        rules=rules,
        terms=tuple(terms),
        inputs=tuple(name for name in manifest.inputs if name in read),
        factors=tuple(need.name for need in manifest.factors),
        parameters=tuple(manifest.parameters),
        counted=counted,
        capped_terms=frozenset(cap.count for cap in manifest.caps)
        & {term.name for term in manifest.terms},
        lower_tiers=lower,
        poolable_if=pooled,
    )
    return replace(program, run=_compiled(manifest, program))


def _counted(manifest: Manifest) -> tuple[str, ...]:
    """What is told with the result: what caps count, kept terms, an engagement's own count."""
    names = [cap.count for cap in manifest.caps] + list(manifest.kept_terms)
    if manifest.engagement is not None:
        names.append(manifest.engagement.count)
    return tuple(name for name in dict.fromkeys(names) if name != "acts")


def _unmade(evidence: Mapping[str, Any], context: Context) -> Quantification:
    raise AssertionError("replaced before the program is handed out")


def _refuse_unused(manifest: Manifest, used: set[str]) -> None:
    """What is declared is used: a leftover is a mistake somebody should see."""
    names = [*manifest.parameters, *manifest.tables, *(need.name for need in manifest.factors)]
    for name in names:
        if name not in used:
            raise refuse(f"{name!r} is declared and never used", name)
    for term in manifest.terms:
        if term.name not in used | {manifest.result}:
            raise refuse(f"the term {term.name!r} is never used", term.name)


def _condition(text: str, types: Mapping[str, Type]) -> Checked:
    return _placed(text, lambda tree: check_condition(tree, types))


def _term(term: TermSpec, types: Mapping[str, Type]) -> Checked:
    wanted = unit(term.unit)
    return _placed(term.formula, lambda tree: check(tree, types, wanted))


def _placed(text: str, checked: Callable[[Node], Checked]) -> Checked:
    """Read a formula; what is wrong with it is told at its place in the document."""
    try:
        return checked(parse(text))
    except FormulaError as refused:
        where = f"in {text[:60]!r}, line {refused.line}, column {refused.column}"
        error = refuse(f"{refused.message} ({where})", text)
        if error.line and refused.line == 1:
            error.column += refused.column  # the quote before the formula makes up for the 1
        raise error from None


def types_of(manifest: Manifest) -> dict[str, Type]:
    """The type of every name that a formula may use before the first term."""
    types: dict[str, Type] = {}
    for spec in manifest.inputs.values():
        if spec.type == "code":
            closed = spec.one_of if spec.name in manifest.evidence.required else ()
            types[spec.name] = Code(closed)
        elif spec.type == "list":
            types[spec.name] = Series(unit(spec.unit), spec.items_min, spec.items_max)
        elif spec.type != "instant":
            types[spec.name] = unit(spec.unit)
    for parameter in manifest.parameters.values():
        is_code = isinstance(parameter.value, str)
        types[parameter.name] = CODE if is_code else unit(parameter.unit)
    for table in manifest.tables.values():
        types[table.name] = Lookup(unit(table.unit), tuple(table.values.items()))
    for need in manifest.factors:
        types[need.name] = unit(need.unit)
    return types


def _names(tree: Checked) -> Iterable[str]:
    if tree.op == "name":
        yield tree.name
    if tree.table is not None:
        yield tree.name
    for arg in tree.args:
        yield from _names(arg)


def _compiled(manifest: Manifest, parts: Program) -> Run:
    """One Python function: load values, test rules, compute terms, round."""
    made = Source(EXACT)
    lines = ["def run(evidence, context):"]
    lines += [f"    {made.variable(name)} = evidence[{name!r}]" for name in parts.inputs]
    if parts.factors:
        lines.append("    factors = context.factors")
    for need in manifest.factors:
        if need.optional:
            made.lazy[need.name] = f"factors[{need.name!r}].value"
        else:
            lines.append(f"    {made.variable(need.name)} = factors[{need.name!r}].value")
    lines += [
        f"    {made.variable(name)} = {made.constant(manifest.parameters[name].value)}"
        for name in parts.parameters
    ]
    for rule, tree in parts.rules:
        refusal = made.constant(refusal_of(rule))
        waived = f" and {rule.because!r} not in context.waived" if rule.otherwise == "hold" else ""
        lines.append(f"    if not {made.expression(tree)}{waived}:")
        lines.append(f"        return {refusal}")
    if parts.capped_terms:
        lines.append("    limits = context.limits")
    for term, tree in parts.terms:
        variable = made.variable(term.name)
        lines.append(f"    {variable} = {made.expression(tree)}")
        if term.name in parts.capped_terms:
            lines.append(f"    if limits and {term.name!r} in limits:")
            lines.append(f"        if limits[{term.name!r}] < {variable}:")
            lines.append(f"            {variable} = limits[{term.name!r}]")
    lines.append(f"    return {_answer(manifest, parts, made)}")
    run: Run = executed("\n".join(lines), made, "run")
    return run


def _answer(manifest: Manifest, parts: Program, made: Source) -> str:
    """The call that rounds, with what the act's tier and its fitness for pooling depend on."""
    counts = ", ".join(f"{name!r}: {made.variable(name)}" for name in parts.counted)
    if manifest.engagement is not None:
        return f"{made.constant(Quantification.engaged)}({{{counts}}})"
    own: Tier | None = "C" if manifest.evidence.tier == "C" else None
    tier = made.constant(own)
    for lower, tree in reversed(parts.lower_tiers):
        tier = f"({made.constant(lower.tier)} if {made.expression(tree)} else {tier})"
    poolable = made.expression(parts.poolable_if) if parts.poolable_if else made.constant(True)
    arguments = [made.variable(manifest.result)]
    if counts or own or parts.lower_tiers or parts.poolable_if:
        arguments.append(f"{{{counts}}}" if counts else made.constant(NOTHING))
    if own or parts.lower_tiers or parts.poolable_if:
        arguments += [tier, poolable]
    return f"{made.constant(Quantification.of)}({', '.join(arguments)})"


def refusal_of(rule: RuleSpec) -> Quantification:
    """What an act is when this rule does not hold."""
    if rule.otherwise == "not_applicable":
        return Quantification.not_applicable(rule.because)
    if rule.otherwise == "hold":
        return Quantification.held(rule.because)
    return Quantification.rejected(rule.because)
