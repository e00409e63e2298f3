"""What applicants send, and what officers accept and see."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.inputs import Whole
from app.merchants.accounts import Account
from app.merchants.applications import Application, Contact
from app.merchants.apply import Asked
from app.merchants.directory import MerchantView
from app.merchants.history import Transition
from app.merchants.schemas import (
    District,
    DistrictField,
    MerchantId,
    NameEn,
    NameZh,
    NextCursor,
    Text40,
    Text80,
    line,
)

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"
ApplicationId = Field(description="Names the application.", examples=[_ID])
ApplicationState = Literal["applied", "checked", "approved", "refused"]
MerchantState = Literal["approved", "active", "suspended"]
CreditCode = Field(
    description="Unified social credit code, 18 symbols (GB 32100).",
    examples=["91350100M000100Y43"],
)
_Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{5,18}$")]
_MerchantCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,39}$")]


class ApplyIn(BaseModel):
    """A company asks to become a merchant."""

    model_config = ConfigDict(extra="forbid")

    name_zh: Text80 = NameZh
    name_en: Text80 = NameEn
    credit_code: Annotated[str, line(40)] = CreditCode
    contact_name: Text40 = Field(description="Whom to ask for.", examples=["王女士"])
    phone: _Phone = Field(
        description="Where; shown to nobody outside.", examples=["0511-8888 0000"]
    )
    bank_name: Text80 = Field(
        description="The bank you are paid at.", examples=["江苏银行镇江分行"]
    )
    bank_holder: Text80 = Field(
        description="In whose name the account is.", examples=["西津渡咖啡有限公司"]
    )
    bank_account: Annotated[str, line(60)] = Field(
        description="The account, 8 to 30 digits.", examples=["6222 0000 0000 1234"]
    )
    district_code: District = DistrictField
    categories: list[Annotated[str, line(20)]] = Field(
        min_length=1, max_length=5, description="What you sell, the main thing first.",
        examples=[["cafe"]],
    )  # fmt: skip
    agreement_version: Whole = Field(
        ge=1,
        le=1_000,
        description="The merchants' agreement you accept.",
        examples=[1],
    )

    def asked(self) -> Asked:
        """The same, as the use case takes it."""
        return Asked(**self.model_dump())


class AppliedOut(BaseModel):
    """The application was received."""

    application_id: UUID = ApplicationId
    state: ApplicationState = Field(description="How far it has come.", examples=["applied"])


class ProgressOut(BaseModel):
    """How far an application has come, for whoever holds its id."""

    application_id: UUID = ApplicationId
    state: ApplicationState = Field(description="How far it has come.", examples=["checked"])
    refusal: str | None = Field(description="Why it was refused; null if not.", examples=[None])


class StandingReasonIn(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, line(500)] = Field(
        description="Why, for the history and the audit.", examples=["Complaints about fake sales."]
    )


class ApplicationCheckIn(BaseModel):
    """What the first officer found."""

    model_config = ConfigDict(extra="forbid")

    code: _MerchantCode = Field(
        description="The programme's short name for the merchant.", examples=["xijin-coffee"]
    )
    notes: Annotated[str, line(500)] = Field(
        description="What was looked at, for the second officer.",
        examples=["Licence seen, account holder agrees."],
    )


class ManagerIn(BaseModel):
    """The first manager of a merchant."""

    model_config = ConfigDict(extra="forbid")

    name: Text40 = Field(description="What colleagues call them.", examples=["王店长"])


class ProposedOut(BaseModel):
    """A second officer must approve at `/v1/admin/proposals`."""

    proposal_id: UUID = Field(description="Names the proposal.", examples=[_ID])


class ApplicationOut(BaseModel):
    """An application as officers see it; phone and account are masked."""

    application_id: UUID = ApplicationId
    credit_code: str = CreditCode
    name_zh: str = NameZh
    name_en: str = NameEn
    categories: list[str] = Field(description="What it sells.", examples=[["cafe"]])
    district_code: str = DistrictField
    agreement_version: int = Field(description="The agreement it accepted.", examples=[1])
    state: ApplicationState = Field(description="How far it has come.", examples=["applied"])
    applied_at: datetime = Field(description="When (UTC).", examples=[_AT])
    code: str | None = Field(description="The merchant's name-to-be.", examples=["xijin-coffee"])
    notes: str | None = Field(description="What the first officer found.", examples=[None])
    checked_by: UUID | None = Field(description="The first officer.", examples=[None])
    proposal_id: UUID | None = Field(description="What waits for the second.", examples=[None])
    decided_by: UUID | None = Field(description="Who decided.", examples=[None])
    refusal: str | None = Field(description="Why it was refused.", examples=[None])

    @classmethod
    def of(cls, application: Application) -> Self:
        """An application in a list."""
        facts = {name: getattr(application, name) for name in application.__dataclass_fields__}
        return cls.model_validate({"application_id": facts.pop("id")} | facts)


class ApplicationPage(BaseModel):
    """Applications in one state, oldest first."""

    items: list[ApplicationOut] = Field(description="At most `limit` applications.")
    next_cursor: str | None = NextCursor


class ContactOut(BaseModel):
    """Whom to call and where to pay."""

    contact_name: str = Field(description="Whom to ask for.", examples=["王**"])
    phone: str = Field(description="Where.", examples=["**** 0000"])
    bank_name: str = Field(description="The bank.", examples=["江苏银行镇江分行"])
    bank_holder: str = Field(description="In whose name.", examples=["西津渡咖啡有限公司"])
    bank_account: str = Field(description="The account.", examples=["**** 1234"])

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """A contact, masked or not, as it was read."""
        return cls(**{name: getattr(contact, name) for name in contact.__dataclass_fields__})

    @classmethod
    def paid_at(cls, contact: Contact, account: Account) -> Self:
        """A contact, and where the merchant is paid now."""
        return cls(
            contact_name=contact.contact_name,
            phone=contact.phone,
            bank_name=account.bank_name,
            bank_holder=account.bank_holder,
            bank_account=account.bank_account,
        )


class TransitionOut(BaseModel):
    """One change of state."""

    from_state: str = Field(description="The state before.", examples=["applied"])
    to_state: str = Field(description="The state after.", examples=["checked"])
    actor: str = Field(description="Who.", examples=[f"officer:{_ID}"])
    reason: str = Field(description="Why.", examples=["Licence seen."])
    at: datetime = Field(description="When (UTC).", examples=[_AT])

    @classmethod
    def of(cls, step: Transition) -> Self:
        """One line of a history."""
        return cls(**{name: getattr(step, name) for name in step.__dataclass_fields__})


class ApplicationDetail(BaseModel):
    """An application, its contact (masked) and its history."""

    application: ApplicationOut = Field(description="What was said and found.")
    contact: ContactOut = Field(description="Whom to call and where to pay, masked.")
    history: list[TransitionOut] = Field(description="Every change of state, oldest first.")


class MerchantOut(BaseModel):
    """A merchant as officers see it."""

    merchant_id: UUID = MerchantId
    code: str = Field(description="The programme's short name.", examples=["xijin-coffee"])
    name_zh: str = NameZh
    name_en: str = NameEn
    category: str = Field(description="What it sells.", examples=["cafe"])
    district_code: str = DistrictField
    state: MerchantState = Field(description="Only an active one publishes and redeems.")

    @classmethod
    def of(cls, merchant: MerchantView) -> Self:
        """A merchant in a list."""
        return cls(
            merchant_id=merchant.id,
            code=merchant.code,
            name_zh=merchant.name_zh,
            name_en=merchant.name_en,
            category=merchant.category,
            district_code=merchant.district_code,
            state=merchant.state,  # type: ignore[arg-type]
        )


class MerchantPage(BaseModel):
    """Merchants, the first known first."""

    items: list[MerchantOut] = Field(description="At most `limit` merchants.")
    next_cursor: str | None = NextCursor


class MerchantDetail(BaseModel):
    """A merchant and its history."""

    merchant: MerchantOut = Field(description="Who it is and how it stands.")
    history: list[TransitionOut] = Field(description="Every change of state, oldest first.")
