"""Refusals of the merchants' room."""

from app.problems import DomainError


class MerchantNotFound(DomainError):
    """No merchant has this code or id."""

    status = 404
    title = "Unknown merchant"
    title_zh = "商户不存在"
