"""What messages say, in both languages: a title and a sentence for each template. Data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Template:
    """A message's words; what stands in braces comes from its facts, missing ones as a dash.

    ``page`` is the screen of the mobile client or mini-program that shows more, ``link`` the door
    of this interface.
    """

    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    page: str
    link: str | None = None

    def said(self, facts: Mapping[str, Any], *, english: bool) -> tuple[str, str]:
        """Title and sentence in one language."""
        title, text = (self.title_en, self.text_en) if english else (self.title_zh, self.text_zh)
        return title.format_map(_Facts(facts)), text.format_map(_Facts(facts))

    def page_of(self, facts: Mapping[str, Any]) -> str:
        """The screen's path; without a sound id of what it is about, the list it stands in."""
        before, brace, name = self.page.removesuffix("}").partition("{")
        if not brace:
            return before
        found = str(facts.get(name, ""))
        return f"{before}{found}" if _ID.fullmatch(found) else before.rstrip("/")


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Facts(dict[str, Any]):
    """A message of an older release may lack a fact; it is told all the same."""

    def __missing__(self, key: str) -> str:
        return "-"


TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "points_earned": Template(
            "积分到账",
            "Points arrived",
            "您获得了 {points} 积分。",
            "You earned {points} points.",
            "/acts",
            "/v1/me/feed",
        ),
        "points_expiring": Template(
            "积分即将到期",
            "Points will expire",
            "您有 {points} 积分将于 {expires_on} 到期,还有 {days_left} 天。",
            "{points} points expire on {expires_on}, in {days_left} days.",
            "/wallet",
            "/v1/me/wallet",
        ),
        "reductions_corrected": Template(
            "减排记录已更正",
            "Acts were corrected",
            "{acts} 条记录已更正:{grams} 克,{points} 积分。原因:{reason_zh}",
            "{acts} acts were corrected: {grams} g, {points} points. Reason: {reason_en}",
            "/acts",
            "/v1/me/feed",
        ),
        "offer_withdrawn": Template(
            "优惠已撤回",
            "An offer was withdrawn",
            "“{title_zh}”已撤回,{points} 积分已退回。原因:{reason_zh}",
            "“{title_en}” was withdrawn; {points} points are back. Reason: {reason_en}",
            "/coupons",
            "/v1/me/redemptions",
        ),
        "act_released": Template(
            "复核通过",
            "An act was released",
            "一条待复核的记录已通过:{grams} 克,{points} 积分。{reason_zh}",
            "An act that was held now counts: {grams} g, {points} points. {reason_en}",
            "/acts/{act_id}",
            "/v1/me/feed",
        ),
        "act_refused": Template(
            "复核未通过",
            "An act was refused",
            "一条待复核的记录未通过。原因:{reason_zh}",
            "An act that was held was refused. Reason: {reason_en}",
            "/acts",
            "/v1/me/feed",
        ),
        "appeal_accepted": Template(
            "申请已通过",
            "Your request was accepted",
            "您的申请已通过:{grams} 克,{points} 积分。{reason_zh}",
            "Your request was accepted: {grams} g, {points} points. {reason_en}",
            "/acts",
            "/v1/me/feed",
        ),
        "appeal_refused": Template(
            "申请未通过",
            "Your request was refused",
            "您的申请未通过。原因:{reason_zh}",
            "Your request was refused. Reason: {reason_en}",
            "/acts",
            "/v1/me/appeals",
        ),
    }
)
OTHER = Template("通知", "Notice", "您有一条新通知。", "There is news for you.", "/messages")
"""For a template of another release."""


def template_of(name: str) -> Template:
    """The words of a template."""
    return TEMPLATES.get(name, OTHER)
