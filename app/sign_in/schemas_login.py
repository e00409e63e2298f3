"""What is sent and answered when officers and merchants' people sign in with a password."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.sign_in.credentials import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN
from app.sign_in.schemas import PLAIN, DeviceIn

_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)

NewPassword = Annotated[
    str, StringConstraints(min_length=PASSWORD_CHARS_MIN, max_length=PASSWORD_CHARS_MAX)
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=PASSWORD_CHARS_MAX)]
Totp = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
PasswordField = Field(
    description="12 to 128 characters; not your login name, nor easy to guess.",
    examples=["correct horse battery"],
)
TotpField = Field(description="What the authenticator app shows; good once.", examples=["492039"])


class OfficerIn(BaseModel):
    """An officer's name, password and second factor."""

    model_config = _STRICT

    name: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=PLAIN)] = Field(
        description="The name under which the programme knows you.", examples=["qian-finance"]
    )
    password: Password = PasswordField
    totp: Totp = TotpField
    device: DeviceIn = Field(description="The device on which you sign in.")


class EnrolIn(BaseModel):
    """The one-time code that an officer got, and the password they choose."""

    model_config = _STRICT

    code: Annotated[str, StringConstraints(min_length=1, max_length=80)] = Field(
        description="As `puhui officer add` printed it.",
        examples=["enrol_9f86d081884c7d659a2feaa0c55ad015"],
    )
    password: NewPassword = PasswordField


class FactorOut(BaseModel):
    """The second factor's secret. It is shown this once; the app keeps it from now on."""

    totp_secret: str = Field(
        description="For typing into an authenticator app, base 32.",
        examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"],
    )
    otpauth_uri: str = Field(
        description="The same, for a QR code.",
        examples=["otpauth://totp/Puhui:qian?secret=JBSWY3DP&issuer=Puhui&digits=6"],
    )
