"""What is sent and answered when citizens sign in. Secrets leave in `SessionOut` alone."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.sign_in.phones import CHARS_MAX

_ID = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
_AT = "2026-03-01T04:00:00Z"
_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)

PLAIN = r"^[^\x00-\x1f\x7f]*$"
Phone = Annotated[str, StringConstraints(min_length=5, max_length=CHARS_MAX, pattern=PLAIN)]
PhoneField = Field(
    description="A mobile number; without a country it is China's.", examples=["+8613800138000"]
)
DeviceId = Annotated[str, StringConstraints(min_length=8, max_length=128, pattern=r"^[!-~]+$")]
DeviceIdField = Field(
    description="Made once by the app and kept; 8 to 128 visible ASCII characters.",
    examples=["5f0d9a5e-7d1c-4f8b-9a43-0c2d1c3f7a10"],
)
PlatformCode = Annotated[str, StringConstraints(min_length=4, max_length=512, pattern=r"^[!-~]+$")]


class CodeIn(BaseModel):
    """Which number gets a code, for which device."""

    model_config = _STRICT

    phone: Phone = PhoneField
    device_id: DeviceId = DeviceIdField


class CodeOut(BaseModel):
    """The same for every number, known or not."""

    expires_in_s: int = Field(description="For how many seconds the code is good.", examples=[300])
    retry_after_s: int = Field(
        description="After how many seconds the next one may be asked for.", examples=[60]
    )


class DeviceIn(BaseModel):
    """The device on which somebody signs in."""

    model_config = _STRICT

    id: DeviceId = DeviceIdField
    name: Annotated[str, StringConstraints(max_length=60, pattern=PLAIN)] = Field(
        description="What people call it, up to 60 characters.", examples=["小林的手机"]
    )
    platform: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{2,20}$")] = Field(
        description="`ios`, `android`, `web`, `wechat`, `alipay`, ...", examples=["web"]
    )


class SignInIn(BaseModel):
    """A number and the code that was sent to it."""

    model_config = _STRICT

    phone: Phone = PhoneField
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = Field(
        description="Six digits.", examples=["042917"]
    )
    device: DeviceIn = Field(description="The device that asked for the code.")


class WechatIn(BaseModel):
    """What WeChat's mini-program got from `wx.login` and, perhaps, `getPhoneNumber`."""

    model_config = _STRICT

    js_code: PlatformCode = Field(
        description="The code of `wx.login`; in development `console-` and a name.",
        examples=["console-lin"],
    )
    phone_code: PlatformCode | None = Field(
        default=None,
        description="The code of `getPhoneNumber`: joins the account of this number.",
        examples=["console-13800138000"],
    )
    device: DeviceIn = Field(description="The device on which you sign in.")


class AlipayIn(BaseModel):
    """What Alipay's mini-program got from `my.getAuthCode`."""

    model_config = _STRICT

    auth_code: PlatformCode = Field(
        description="The code; in development `console-` and a name.", examples=["console-lin"]
    )
    device: DeviceIn = Field(description="The device on which you sign in.")


class RefreshIn(BaseModel):
    """The last refresh token, and the device it was given to."""

    model_config = _STRICT

    refresh_token: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="Used once; the answer holds the next one.", examples=["r1.AZCjx9..."]
    )
    device_id: DeviceId = DeviceIdField


class SessionOut(BaseModel):
    """A session's two tokens."""

    access_token: str = Field(description="Send it as `Bearer`.", examples=["eyJhbGciOi..."])
    access_expires_in_s: int = Field(description="For how many seconds.", examples=[600])
    refresh_token: str = Field(
        description="Opaque; keep it where only the app reads.", examples=["r1.AZCjx9..."]
    )
    refresh_expires_in_s: int = Field(
        description="For how many seconds, unless it is used before.", examples=[2_592_000]
    )
    session_id: UUID = Field(description="Names the session.", examples=[_ID])
    account_is_new: bool = Field(
        description="Whether this sign-in made the account.", examples=[False]
    )


class PushIn(BaseModel):
    """Where an app gets pushes."""

    model_config = _STRICT

    address: Annotated[str, StringConstraints(pattern=r"^[!-~]{8,512}$")] = Field(
        description="What the phone's push service calls this app on this device.",
        examples=["190e35f7e07a1b2c3d4"],
    )


class SessionView(BaseModel):
    """One of your sessions."""

    session_id: UUID = Field(description="Names the session.", examples=[_ID])
    device_name: str = Field(description="What the device is called.", examples=["小林的手机"])
    platform: str = Field(description="What it is.", examples=["web"])
    began_at: datetime = Field(description="When you signed in (UTC).", examples=[_AT])
    renewed_at: datetime = Field(description="When it was last renewed (UTC).", examples=[_AT])
    ends_at: datetime = Field(description="When it ends at the latest (UTC).", examples=[_AT])
    is_this_one: bool = Field(description="Whether it is the one that asks.", examples=[True])


class SessionList(BaseModel):
    """Your sessions that live, the newest first; never more than twenty."""

    items: list[SessionView] = Field(description="At most twenty sessions.")


class PublicKey(BaseModel):
    """A key with which access tokens are verified (RFC 8037)."""

    kty: str = Field(description="The kind of key.", examples=["OKP"])
    crv: str = Field(description="The curve.", examples=["Ed25519"])
    alg: str = Field(description="The algorithm.", examples=["EdDSA"])
    use: str = Field(description="Signatures.", examples=["sig"])
    kid: str = Field(description="Its name: the RFC 7638 thumbprint.", examples=["kPrK_qmx..."])
    x: str = Field(description="The public key, base64url.", examples=["11qYAYKxCrfVS_7T..."])


class PublicKeys(BaseModel):
    """Every key whose tokens are good now."""

    keys: list[PublicKey] = Field(description="In no particular order.")
