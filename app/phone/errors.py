"""Refusals of the phone room."""

from app.problems import DomainError


class TooManyStreams(DomainError):
    """You have as many live streams open as are allowed; close one, or poll `/v1/me/changes`."""

    status = 429
    title = "Too many live streams"
    title_zh = "实时连接过多"
