"""What is said about changes of a merchant's bank account."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.merchants.account_changes import Change
from app.merchants.change_account import COOLING, Proposed, Wished
from app.merchants.schemas import Text80, line

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"
_State = Literal["proposed", "refused", "approved", "stopped", "in_force", "replaced"]


class ChangeAccount(BaseModel):
    """Where a merchant is to be paid."""

    model_config = ConfigDict(extra="forbid")

    bank_name: Text80 = Field(description="The bank.", examples=["江苏银行镇江分行"])
    bank_holder: Text80 = Field(
        description="In whose name the account is.", examples=["西津渡咖啡有限公司"]
    )
    bank_account: Annotated[str, line(60)] = Field(
        description="The account, 8 to 30 digits.", examples=["6222 0000 0000 9876"]
    )
    reason: Annotated[str, line(500)] = Field(
        description="What was checked; the second officer and the merchant read it.",
        examples=["Letter with seal of 1 March; called back."],
    )

    def wished(self) -> Wished:
        """The account, as the use case takes it."""
        return Wished(self.bank_name, self.bank_holder, self.bank_account)


class AccountProposed(BaseModel):
    """A change that waits for the second officer."""

    change_id: UUID = Field(description="Names the change.", examples=[_ID])
    proposal_id: UUID = Field(description="What another officer approves.", examples=[_ID])

    @classmethod
    def of(cls, proposed: Proposed) -> Self:
        """As it is shown."""
        return cls(change_id=proposed.change_id, proposal_id=proposed.proposal_id)


class AccountChangeOut(BaseModel):
    """A change of the bank account; the number is masked."""

    change_id: UUID = Field(description="Names the change.", examples=[_ID])
    state: _State = Field(
        description="`approved` waits until `pays_from`; then it is `in_force`, until `replaced`.",
        examples=["approved"],
    )
    bank_name: str = Field(description="The bank.", examples=["江苏银行镇江分行"])
    bank_holder: str = Field(description="In whose name.", examples=["西津渡咖啡有限公司"])
    bank_account: str = Field(description="Masked.", examples=["**** 9876"])
    reason: str = Field(description="What was checked.", examples=["Letter with seal."])
    proposed_at: datetime = Field(description="When it was written down (UTC).", examples=[_AT])
    decided_at: datetime | None = Field(description="When it was approved (UTC).", examples=[_AT])
    pays_from: datetime | None = Field(
        description="Payments proposed before this moment go to the account before (UTC).",
        examples=["2026-03-08T04:00:00Z"],
    )
    ended_at: datetime | None = Field(description="When it was stopped (UTC).", examples=[None])
    notice: str = Field(
        description="What the merchant is told, in the language asked for.",
        examples=["From 2026-03-08 on you are paid at **** 9876."],
    )

    @classmethod
    def of(cls, change: Change, *, english: bool) -> Self:
        """A change in a list."""
        return cls(
            change_id=change.id,
            state=change.state,  # type: ignore[arg-type]
            bank_name=change.bank_name,
            bank_holder=change.bank_holder,
            bank_account=change.bank_account,
            reason=change.reason,
            proposed_at=change.proposed_at,
            decided_at=change.decided_at,
            pays_from=change.pays_from,
            ended_at=change.ended_at,
            notice=notice(change)[english],
        )


class OfficerChangeOut(AccountChangeOut):
    """The same with the officers' names."""

    proposal_id: UUID = Field(description="What another officer approves.", examples=[_ID])
    proposed_by: UUID = Field(description="The first officer.", examples=[_ID])
    decided_by: UUID | None = Field(description="The second officer.", examples=[_ID])
    ended_by: str | None = Field(description="Who stopped it.", examples=[f"staff:{_ID}"])

    @classmethod
    def of(cls, change: Change, *, english: bool) -> Self:
        """A change in the officers' list."""
        told = AccountChangeOut.of(change, english=english)
        return cls(
            **told.model_dump(),
            proposal_id=change.proposal_id,
            proposed_by=change.proposed_by,
            decided_by=change.decided_by,
            ended_by=change.ended_by,
        )


class AccountChanges(BaseModel):
    """Every change of your bank account."""

    items: list[AccountChangeOut] = Field(description="The newest first.")


class OfficerChanges(BaseModel):
    """Every change of a merchant's bank account."""

    items: list[OfficerChangeOut] = Field(description="The newest first.")


def notice(change: Change) -> tuple[str, str]:
    """What a merchant is told about a change, in Chinese and English."""
    number, days = change.bank_account, COOLING.days
    at = f"{change.pays_from:%Y-%m-%d %H:%M} UTC" if change.pays_from else ""
    return {
        "proposed": (
            f"有人申请将您的收款账户变更为 {number},待第二位财务人员审批;如非本人申请,请提出异议。",
            f"You are to be paid at {number}; a second officer decides. Not yours? Object.",
        ),
        "refused": (f"变更为 {number} 的申请未获批准。", f"The change to {number} was refused."),
        "approved": (
            f"自 {at} 起将付款至 {number};此前 {days} 天内仍付至原账户。如非本人申请,请提出异议。",
            f"From {at} ({days} days after approval) you are paid at {number}. Not yours? Object.",
        ),
        "stopped": (
            f"因您提出异议,不会向 {number} 付款。",
            f"You objected: nothing is paid at {number}.",
        ),
        "in_force": (f"自 {at} 起付款至 {number}。", f"Since {at} you are paid at {number}."),
        "replaced": (f"账户 {number} 已被新账户替代。", f"{number} was replaced by a later one."),
    }[change.state]
