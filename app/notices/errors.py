"""Refusals of the notices room."""

from app.problems import DomainError


class MessageNotFound(DomainError):
    """You have no message with this id."""

    status = 404
    title = "No such message"
    title_zh = "消息不存在"
