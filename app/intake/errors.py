"""Refusals of the intake."""

from app.problems import DomainError


class ProviderNotFound(DomainError):
    """No provider has this code, or it has been suspended."""

    status = 404
    title = "Unknown provider"
    title_zh = "数据提供方不存在"


class UnreadableBatch(DomainError):
    """The body is not a batch: `{"records": [...]}` with 1 to 1,000 records, as JSON."""

    status = 422
    title = "The batch cannot be read"
    title_zh = "无法读取批次"
