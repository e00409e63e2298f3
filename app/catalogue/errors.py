"""Refusals of the catalogue."""

from collections.abc import Sequence
from typing import Any

from app.problems import DomainError


class CatalogueEmpty(DomainError):
    """No programme has been set up in this database; `puhui demo` makes one."""

    status = 503
    title = "The programme is not set up"
    title_zh = "项目尚未初始化"


class MethodologyNotFound(DomainError):
    """No methodology has this id and version."""

    status = 404
    title = "Unknown methodology"
    title_zh = "方法学不存在"


class VersionChanged(DomainError):
    """A registered version may not change: publish a new version number."""

    title = "A registered version is immutable"
    title_zh = "已登记的方法学版本不可更改"


class TariffUnsound(DomainError):
    """The proposed tariff is malformed, back-dated, or for a methodology nobody knows."""

    status = 422
    title = "The tariff cannot be set"
    title_zh = "积分标准无法设定"


class BudgetUnsound(DomainError):
    """The proposed budget is malformed, for a month that is over, or for an unknown line."""

    status = 422
    title = "The budget cannot be set"
    title_zh = "积分预算无法设定"


class WrongState(DomainError):
    """The version is not in a state from which this can be done; see `state` and `allowed`."""

    title = "Not in this state"
    title_zh = "当前状态不允许此操作"


class VersionNumberTaken(DomainError):
    """Another document was registered under this id and version; give yours a new version."""

    title = "The version number is taken"
    title_zh = "版本号已被占用"


class DocumentRefused(DomainError):
    """The document cannot be read, or breaks a rule; `problems` tells where, and what mends it."""

    status = 422
    title = "The document is not accepted"
    title_zh = "方法学文档未通过检查"

    def __init__(
        self, detail: str, detail_zh: str, *, problems: Sequence[dict[str, Any]] = (), **facts: Any
    ) -> None:
        super().__init__(detail, detail_zh, **facts)
        self.problems = list(problems)

    def body(self, *, request_id: str, english: bool) -> dict[str, Any]:
        """The problem object, and the list of what is wrong."""
        return {"problems": self.problems} | super().body(request_id=request_id, english=english)


class VersionNotReady(DomainError):
    """Something must be done first: a dry-run, a mended finding, another officer's decision."""

    title = "Something is missing first"
    title_zh = "前置条件未满足"


class DayTaken(DomainError):
    """A version cannot take force from that day: the day is over, or another version has it."""

    title = "The day cannot be chosen"
    title_zh = "生效日期不可用"


class AuthorsHands(DomainError):
    """Who wrote a methodology may not decide about it: another officer must."""

    title = "Somebody other than the author must decide"
    title_zh = "须由作者以外的工作人员审核"
