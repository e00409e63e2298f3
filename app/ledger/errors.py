"""Refusals of the ledger."""

from app.problems import DomainError


class InsufficientPoints(DomainError):
    """The account has fewer points available than the request would take."""

    title = "Not enough points"
    title_zh = "积分不足"
