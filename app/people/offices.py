"""What each office may do: every route under /v1/admin, and every kind of proposal.

An officer has one office. The auditor reads everything and changes nothing; the others write
where their work is. A route that is not in the list is closed to everybody, so a forgotten line
is noticed at once; tests/security/matrix.csv says the same in its own words.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.people.errors import WrongOffice


class Office(StrEnum):
    """What an officer is trusted with."""

    operator = "operator"
    methodologist = "methodologist"
    finance = "finance"
    reviewer = "reviewer"
    auditor = "auditor"


EVERYBODY = frozenset(Office)
_INITIALS = {each.value[0]: each for each in Office}

# o operator, m methodologist, f finance, r reviewer, a auditor; "." may not.
_ROUTES = """
omfra GET  /v1/admin/appeals
omfra GET  /v1/admin/corrections/{correction_id}
omfra GET  /v1/admin/funding
omfra GET  /v1/admin/held
omfra GET  /v1/admin/ledger/attribution
omfra GET  /v1/admin/ledger/liability
omfra GET  /v1/admin/ledger/trial-balance
omfra GET  /v1/admin/merchant-applications
omfra GET  /v1/admin/merchant-applications/{application_id}
omfra GET  /v1/admin/merchants
omfra GET  /v1/admin/merchants/{merchant_id}
omfra GET  /v1/admin/merchants/{merchant_id}/payout-account-changes
omfra GET  /v1/admin/methodologies
omfra GET  /v1/admin/methodologies/{methodology}/versions/{version}
omfra GET  /v1/admin/methodologies/{methodology}/versions/{version}/dry-runs
omfra GET  /v1/admin/methodologies/{methodology}/versions/{version}/shadow
omfra GET  /v1/admin/offers
omfra GET  /v1/admin/offers/{offer_id}/codes/{import_id}
omfra GET  /v1/admin/offers/{offer_id}/codes/{import_id}/rejects
omfra GET  /v1/admin/offers/{offer_id}/withdrawal
omfra GET  /v1/admin/offline-conflicts
omfra GET  /v1/admin/payout-batches
omfra GET  /v1/admin/payout-batches/{batch_id}
omfra GET  /v1/admin/proposals
omfra GET  /v1/admin/reconciliation/{day}
omfra GET  /v1/admin/rights-requests
omfra GET  /v1/admin/settlements
omfra GET  /v1/admin/settlements/funding
omfra GET  /v1/admin/settlements/{settlement_id}/{name}
omfra GET  /v1/admin/sponsor-reports/{period}/{name}
omfra GET  /v1/admin/subsidy-claims/{month}/{name}
omfra GET  /v1/admin/tariffs
...r. POST /v1/admin/adjustments
...r. POST /v1/admin/appeals/{appeal_id}/accept
...r. POST /v1/admin/appeals/{appeal_id}/assign
...r. POST /v1/admin/appeals/{appeal_id}/refuse
...r. PUT  /v1/admin/citizens/{citizen_id}/birth-year
.m.r. POST /v1/admin/corrections
...r. POST /v1/admin/held/{held_id}/refuse
...r. POST /v1/admin/held/{held_id}/release
o..r. POST /v1/admin/merchant-applications/{application_id}/check
o..r. POST /v1/admin/merchant-applications/{application_id}/contact
o..r. POST /v1/admin/merchant-applications/{application_id}/refuse
o.... POST /v1/admin/merchants/{merchant_id}/managers
..f.. POST /v1/admin/merchants/{merchant_id}/payout-account
..f.. POST /v1/admin/merchants/{merchant_id}/payout-account-changes
o.... POST /v1/admin/merchants/{merchant_id}/resume
o.... POST /v1/admin/merchants/{merchant_id}/suspend
.m.r. POST /v1/admin/methodologies/check
.m... POST /v1/admin/methodologies/{methodology}/versions
.m... POST /v1/admin/methodologies/{methodology}/versions/{version}/dry-runs
.m... POST /v1/admin/methodologies/{methodology}/versions/{version}/resume
.m... POST /v1/admin/methodologies/{methodology}/versions/{version}/shadow
.m... POST /v1/admin/methodologies/{methodology}/versions/{version}/submit
.m... POST /v1/admin/methodologies/{methodology}/versions/{version}/suspend
.m... POST /v1/admin/methodologies/{methodology}/versions/{version}/withdraw
o.... POST /v1/admin/offers
o.... POST /v1/admin/offers/{offer_id}/codes
o.... POST /v1/admin/offers/{offer_id}/withdraw
..f.. POST /v1/admin/payout-batches
..f.. POST /v1/admin/payout-batches/{batch_id}/{name}
..f.. POST /v1/admin/payouts/{payout_id}/paid
..f.. POST /v1/admin/payouts/{payout_id}/returned
o.... POST /v1/admin/pictures
omfr. POST /v1/admin/proposals
omfr. POST /v1/admin/proposals/{proposal_id}/approve
omfr. POST /v1/admin/proposals/{proposal_id}/reject
...r. POST /v1/admin/rights-requests/{request_id}/answer
...r. POST /v1/admin/rights-requests/{request_id}/reading
..f.. POST /v1/admin/settlements
"""

# Who may propose and decide what, by the beginning of the kind; the longest beginning counts.
_KINDS: Mapping[str, str] = {
    "catalogue.": ".m.r.",
    "catalogue.set_budget": "..f..",
    "ledger.": "..fr.",
    "merchants.": "o..r.",
    "merchants.change_account": "..f..",
    "reductions.": ".m.r.",
    "rewards.": "o..r.",
    "rewards.open_budget": "..f..",
    "rewards.set_rate": "..f..",
    "settlement.": "..f..",
}


def _offices(letters: str) -> frozenset[Office]:
    return frozenset(_INITIALS[letter] for letter in letters if letter != ".")


ROUTES: Mapping[tuple[str, str], frozenset[Office]] = {
    (method, path): _offices(letters)
    for letters, method, path in (line.split() for line in _ROUTES.strip().splitlines())
}
"""Who may call what under /v1/admin: method and path -> offices."""


def of_kind(kind: str) -> frozenset[Office]:
    """Who may propose and decide proposals of a kind; nobody, of a kind nobody listed."""
    beginnings = [each for each in _KINDS if kind.startswith(each)]
    return _offices(_KINDS[max(beginnings, key=len)]) if beginnings else frozenset()


def ensure(held: frozenset[Office], wanted: frozenset[Office]) -> None:
    """Refuse an officer who has none of the wanted offices.

    Raises:
        WrongOffice: it belongs to others.

    """
    if not held & wanted:
        raise WrongOffice(
            f"This is for: {', '.join(sorted(wanted)) or 'nobody'}.",
            f"该操作仅限岗位:{'、'.join(sorted(wanted)) or '无'}。",
        )


def offices_in(claims: dict[str, object]) -> frozenset[Office]:
    """The offices in a developer's token.

    Raises:
        ValueError: one of them does not exist.

    """
    return frozenset(Office(each) for each in str(claims.get("offices", "")).split())
