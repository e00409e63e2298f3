"""Which part of a copy has what a table holds about somebody, and which tables are in none. Data.

A test walks the schema: a table that names an account or a person stands in one of the two lists.
"""

from collections.abc import Mapping
from types import MappingProxyType

IN_THE_COPY: Mapping[str, str] = MappingProxyType(
    {
        "appeal": "appeals",
        "audit_record": "deeds",
        "balance": "wallet",
        "cause": "points_causes",
        "citizen": "profile",
        "consent": "consents",
        "coupon_refund": "coupon_refunds",
        "coupon_undo": "coupon_undone",
        "debt": "points_debts",
        "entry": "points",
        "evidence": "evidence",
        "expiry_notice": "expiry_notices",
        "guardianship": "guardianships",
        "held_activity": "held_acts",
        "held_review": "reviews",
        "household_member": "households",
        "link": "links",
        "link_claim": "link_claims",
        "lot": "points_lots",
        "message": "messages",
        "redemption": "coupons",
        "reduction": "acts",
        "reduction_correction": "corrections",
        "rights_request": "requests",
        "scan": "coupon_scans",
        "sign_in_name": "sign_in_names",
        "sign_in_session": "sessions",
        "ticket": "tickets",
    }
)
"""Table -> the part in which its rows are."""

IN_NO_COPY: Mapping[str, str] = MappingProxyType(
    {
        "cap_lane": "digests of vehicles and meters for the moments of a batch; acts tell of them",
        "cap_use": "digests of vehicles and meters that several people share; acts tell of them",
        "claim": "digests of what an act was about and its times; the act itself tells them",
        "claim_subject": "locks on digests; nothing is said in them",
        "correction": "at_account is how far a run over everybody has come",
        "credential": "officers' and merchants' people; citizens have no password",
        "data_key": "the key that opens the copy; shown, it would open every backup",
        "export_file": "earlier copies",
        "merchant_contact": "of a company, by its application; no account of a citizen",
        "merchant_transition": "subjects are merchants",
        "methodology_transition": "actors are officers",
        "natural_key": "digests of acts of before, by which a record is known again; acts tell",
        "natural_key_lane": "the same, while a batch is under way",
        "offer_use": "how often an offer was taken, by account or household; coupons tell",
        "offer_withdrawal": "actors are officers and merchants",
        "one_time_code": "digests of numbers and devices, for five minutes and a day",
        "outbox": "messages that wait to be sent; the inbox has each of them",
        "payout": "of a merchant",
        "payout_account": "of a merchant",
        "request": "answers that were given, by key, so that a retry gets the same; each is of"
        " something that is in the copy",
        "rotating_rule": "subjects are offers and merchants",
        "sign_in_budget": "digests of numbers, devices and networks, for a day",
    }
)
"""Table -> why what it holds is in none of the parts."""
