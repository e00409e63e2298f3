"""Refusals of the catalogue."""

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
