"""What a document promises besides its formulas: rules, caps, claims, evidence, the change.

Each function takes one block of a document and gives frozen values; `schema` puts them
together.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from methodologies.declared import SCOPES
from methodologies.manifest import (
    Cap,
    Claim,
    EngagementSpec,
    EvidenceSpec,
    Label,
    LowerTier,
    RuleSpec,
    Vector,
)
from methodologies.shape import Table, label, text
from methodologies.strict_yaml import refuse

CHANGES = ("clarification", "factor-update", "error-correction")
TIERS = ("A", "B", "C", "D")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_GRAMS = re.compile(r"([0-9]{1,15}) gCO2e")
_RULE_LABELS = {
    "not_applicable": {"zh": "适用条件", "en": "applies only if"},
    "hold": {"zh": "核验规则,不满足则待人工复核", "en": "plausible only if, else held"},
    "reject": {"zh": "核验规则,不满足则拒绝", "en": "accepted only if, else rejected"},
}


def _reason(entry: Table) -> str:
    because = entry.text("because")
    if not _CODE.fullmatch(because):
        raise refuse("a reason code is lower-case letters, digits and underscores", because)
    return because


def _rule_label(entry: Table, otherwise: str) -> Label:
    return label(entry.take("label", _RULE_LABELS[otherwise]), "label")


def applicable_of(entry: Table) -> RuleSpec:
    """One entry of the block ``applicable_if``."""
    rule_label = _rule_label(entry, "not_applicable")
    rule = RuleSpec(entry.text("if"), "not_applicable", _reason(entry), rule_label)
    entry.close()
    return rule


def verification_of(entry: Table) -> RuleSpec:
    """One entry of the block ``verification``."""
    otherwise = entry.one_of("otherwise", ("hold", "reject"))
    rule_label = _rule_label(entry, otherwise)
    rule = RuleSpec(entry.text("expect"), otherwise, _reason(entry), rule_label)
    entry.close()
    return rule


def cap_of(entry: Table) -> Cap:
    """One entry of the block ``caps``."""
    cap = Cap(
        count=entry.text("count"),
        per=entry.one_of("per", ("citizen", "household", "vehicle", "key")),
        window=entry.one_of("window", ("day", "month", "quarter", "year")),
        maximum=entry.number("max"),
        because=_reason(entry),
        subject=entry.text("subject") if "subject" in entry.left else "",
    )
    entry.close()
    if bool(cap.subject) is not (cap.per in ("vehicle", "key")):
        raise refuse("a cap per vehicle or key names its subject, no other does", cap.count)
    return cap


def claim_of(entry: Table) -> Claim:
    """One entry of the block ``claims``."""
    during = entry.names("during")
    if during and len(during) != 2:
        raise refuse("during names two instants", during[0])
    absent = ("citizen", "household", "none")
    claim = Claim(
        scope=entry.one_of("scope", SCOPES),
        subject=entry.text("subject"),
        during=(during[0], during[1]) if during else None,
        facet=entry.text("facet") if "facet" in entry.left else "",
        if_absent=entry.one_of("if_absent", absent) if "if_absent" in entry.left else "",
        within=entry.text("within") if "within" in entry.left else "",
        months=entry.whole("months", 1, 120) if "months" in entry.left else 0,
    )
    entry.close()
    exact = not claim.during and not claim.months
    if claim.during and claim.months:
        raise refuse("a claim lasts during two instants or for months, not both", claim.scope)
    if claim.scope == "order" and not exact:
        raise refuse("an order is claimed for ever", claim.scope)
    if exact and claim.scope not in ("order", "device-serial"):
        raise refuse(f"a {claim.scope} is claimed during two instants", claim.scope)
    return claim


def evidence_of(table: Table) -> EvidenceSpec:
    """The block ``evidence``."""
    entry = Table(table.need("evidence"), "evidence")
    lower = tuple(_lower_tier(row) for row in entry.tables("lower_tiers"))
    evidence = EvidenceSpec(
        tier=entry.one_of("tier", TIERS),
        poolable=entry.one_of("poolable", ("yes", "no")) == "yes",
        retention_days=entry.whole("retention_days", 1, 36500),
        fields=entry.names("fields"),
        required=entry.names("required"),
        lower_tiers=lower,
        poolable_if=entry.text("poolable_if") if "poolable_if" in entry.left else "",
    )
    for each in lower:
        if each.tier <= evidence.tier:
            raise refuse(f"{each.tier} is not lower than {evidence.tier}", each.tier)
    if evidence.poolable and evidence.tier not in ("A", "B"):
        raise refuse("only tiers A and B may be pooled", evidence.tier)
    if evidence.poolable_if and not evidence.poolable:
        raise refuse("poolable_if needs poolable: yes", evidence.poolable_if)
    entry.close()
    return evidence


def _lower_tier(entry: Table) -> LowerTier:
    lower = LowerTier(entry.text("if"), entry.one_of("tier", TIERS))
    entry.close()
    return lower


def engagement_of(table: Table) -> EngagementSpec | None:
    """The block ``engagement``, where there is one."""
    if "engagement" not in table.left:
        return None
    entry = Table(table.need("engagement"), "engagement")
    made = EngagementSpec(entry.one_of("budget", ("engagement",)), entry.text("count"))
    entry.close()
    return made


def change_of(table: Table) -> dict[str, Any]:
    """How this version came out of an earlier one: all three keys, or none of them."""
    keys = {"supersedes", "kind", "changes"}
    found = keys & table.left.keys()
    if not found:
        return {}
    if found != keys:
        raise refuse("a change has supersedes, kind and changes", table.left[min(found)])
    return {
        "supersedes": table.text("supersedes"),
        "kind": table.one_of("kind", CHANGES),
        "changes": table.label("changes"),
    }


def largest_act_of(table: Table) -> int | None:
    """The most grams one act can be worth: ``10000 gCO2e``."""
    if "largest_act" not in table.left:
        return None
    found = table.text("largest_act")
    match = _GRAMS.fullmatch(found)
    if match is None:
        raise refuse("largest_act is written 10000 gCO2e", found)
    return int(match.group(1))


def shares_of(table: Table) -> dict[str, Decimal]:
    """How whole grams are shared out by role; they add up to one."""
    if "shares" not in table.left:
        return {}
    entry = Table(table.need("shares"), "shares")
    found = {str(role): entry.number(role) for role in list(entry.left)}
    if sum(found.values()) != 1 or any(share <= 0 for share in found.values()):
        raise refuse("shares are above zero and add up to 1", next(iter(found), "shares"))
    return found


def rounding_of(entry: Table) -> None:
    """Only one way to round exists; a document says it so that a reader need not know."""
    entry.one_of("to", ("1 gCO2e",))
    entry.one_of("mode", ("floor",))
    entry.one_of("below_zero", ("zero",))
    entry.close()


def vector_of(entry: Table) -> Vector:
    """One entry of the block ``vectors``."""

    def values(key: str, *, needed: bool = True) -> Mapping[str, str]:
        table = Table(entry.need(key) if needed else entry.take(key, {}), key)
        return {str(name): _value(table, name) for name in list(table.left)}

    vector = Vector(
        name=entry.text("name"),
        given=values("given"),
        factors=values("factors", needed=False),
        expect=values("expect"),
        limits=values("limits", needed=False),
    )
    entry.close()
    return vector


def _value(table: Table, name: str) -> str:
    """A text, or a list of numbers as ``14,9``."""
    if isinstance(table.left[name], list):
        return ",".join(text(item, name, name) for item in table.rows(name))
    return table.text(name)
