"""Read: who asked for what about a citizen, and what they asked for themselves."""

from collections.abc import Mapping

from app.audit import about
from app.audit.about import Deed
from app.database import Tx

SHOWN = 200

WORDS: Mapping[str, tuple[str, str]] = {
    "people.link": ("绑定卡证并授权", "linked a card and agreed to its use"),
    "people.consent": ("授权使用数据", "agreed to the use of data"),
    "people.withdraw": ("撤回授权", "withdrew an agreement"),
    "people.claim": ("申请绑定卡证", "claimed a card"),
    "people.guard": ("监护人确认", "a guardian confirmed"),
    "people.unguard": ("监护关系结束", "a guardianship ended"),
    "people.open_household": ("创建家庭", "opened a household"),
    "people.join_household": ("加入家庭", "joined a household"),
    "people.leave_household": ("退出家庭", "left a household"),
    "people.correct_birth_year": ("更正出生年份", "corrected the year of birth"),
    "sign_in.join": ("首次登录", "signed in for the first time"),
    "sign_in.end_all": ("退出所有设备", "signed out everywhere"),
    "ledger.adjust": ("调整积分", "corrected points"),
    "rights.ask_export": ("申请数据副本", "asked for a copy of the data"),
    "rights.made_export": ("已生成数据副本", "made the copy"),
    "rights.read_export": ("下载数据副本", "fetched the copy"),
    "rights.ask_correction": ("申请更正", "asked for a correction"),
    "rights.read_wish": ("查看更正申请", "read the wish for a correction"),
    "rights.answer": ("答复更正申请", "answered the wish for a correction"),
    "rights.ask_deletion": ("申请注销账户", "asked to be forgotten"),
    "rights.cancel_deletion": ("取消注销", "took that back"),
    "rights.delete": ("注销账户", "forgot the person"),
}
"""What an action is called, in Chinese and in English; an unknown one is shown by its name."""


async def deeds(tx: Tx, *, account_id: int, limit: int = SHOWN) -> list[Deed]:
    """The newest acts that concern a citizen."""
    me = f"citizen:{account_id}"
    return await about.about(tx, subjects=[me, f"account:{account_id}"], actor=me, limit=limit)


def words_of(action: str) -> tuple[str, str]:
    """An action in Chinese and in English."""
    return WORDS.get(action, (action, action))
