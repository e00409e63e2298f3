"""Read: who asked for what about a citizen, and what they asked for themselves."""

from collections.abc import Awaitable, Callable, Mapping

from app.appeals import reading as appeals
from app.approvals import proposals
from app.audit import about
from app.audit.about import Deed
from app.database import Tx
from app.reductions import review_read as reviews
from app.rewards import withdraw as withdrawals

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
    "appeals.assign": ("受理申诉", "took up an appeal"),
    "appeals.accepted": ("同意申诉", "accepted an appeal"),
    "appeals.refused": ("未同意申诉", "refused an appeal"),
    "reductions.release": ("复核通过减排记录", "released an act that was held"),
    "reductions.refuse": ("复核未通过减排记录", "refused an act that was held"),
    "reductions.preview_correction": ("准备更正减排记录", "prepared a correction of acts"),
    "rewards.withdraw": ("下架您持有的商品", "took back an offer that you held"),
    "rewards.switch_rotating": (
        "更改券码的显示方式",
        "changed how the coupon of an offer is shown",
    ),
    "rewards.draw": ("抽签", "held a draw"),
    "approvals.propose": ("提出关于您账户的提案", "proposed something about your account"),
    "approvals.approve": ("批准关于您账户的提案", "approved a proposal about your account"),
    "approvals.reject": ("否决关于您账户的提案", "rejected a proposal about your account"),
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

THEIRS: tuple[Callable[..., Awaitable[list[str]]], ...] = (
    appeals.subjects,
    proposals.subjects,
    reviews.subjects,
    withdrawals.subjects,
)
"""What is a citizen's, as rooms call it in the audit; whoever records of such a thing adds it."""


async def deeds(tx: Tx, *, account_id: int, limit: int = SHOWN) -> list[Deed]:
    """The newest acts that concern a citizen: done to them, or to what is theirs."""
    me = f"citizen:{account_id}"
    subjects = [me, f"account:{account_id}"]
    for theirs in THEIRS:
        subjects += await theirs(tx, account_id=account_id, limit=limit)
    return await about.about(tx, subjects=subjects, actor=me, limit=limit)


def words_of(action: str) -> tuple[str, str]:
    """An action in Chinese and in English."""
    return WORDS.get(action, (action, action))
