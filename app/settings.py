"""Every knob the service reads, validated once when the process starts.

Values come from the environment (``PUHUI_DATABASE__URL=...``) and nowhere else. What is not
set is supplied by `app.embedded`, so ``make demo`` needs no file to edit. A wrong value, or a
misspelt name inside a group, stops the process before it can serve.
"""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    HttpUrl,
    PostgresDsn,
    RedisDsn,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseModel, frozen=True, extra="forbid"):
    """How to reach PostgreSQL, and how long to wait for it."""

    url: PostgresDsn | None = Field(
        default=None, examples=["postgresql://puhui_app@127.0.0.1/puhui"]
    )
    owner_url: PostgresDsn | None = Field(
        default=None,
        description="Who migrates. Unset: the same login, which then acts as puhui_app.",
    )
    worker_url: PostgresDsn | None = Field(
        default=None,
        description="Who does the background work, a member of puhui_worker. Unset: puhui_app.",
    )
    pool_size: int = Field(default=8, ge=1, le=100)
    read_pool_size: int = Field(default=6, ge=1, le=100)
    pool_wait_s: int = Field(default=10, ge=1, le=120)
    statement_timeout_ms: int = Field(default=15_000, ge=100)
    lock_timeout_ms: int = Field(default=10_000, ge=100)


class RedisSettings(BaseModel, frozen=True, extra="forbid"):
    """How to reach Redis or Valkey; everything in it can be rebuilt."""

    url: RedisDsn | None = None
    timeout_ms: int = Field(default=250, ge=10, le=10_000)


class KeySettings(BaseModel, frozen=True, extra="forbid"):
    """Secrets we sign and digest with. Unset: throw-away keys in the state folder."""

    token: SecretStr | None = Field(default=None, description="Ed25519 private key, PEM.")
    coupon: SecretStr | None = Field(default=None, description="32 bytes or more, as hex.")
    subject: SecretStr | None = Field(default=None, description="32 bytes or more, as hex.")
    master: SecretStr | None = Field(
        default=None,
        description="Master keys of the vault, `1:hex,2:hex`, 32 bytes or more each; the highest"
        " number seals. After adding one: `puhui keys rotate`, then the old one may go.",
    )
    suite: Literal["aes", "sm4"] = Field(default="aes", description="What the vault seals with.")


class LimitSettings(BaseModel, frozen=True, extra="forbid"):
    """How much one caller may ask for; a wiped Redis forgets the counts, nothing else."""

    provider_batches_per_minute: int = Field(default=6_000, ge=1)
    citizen_writes_per_minute: int = Field(default=120, ge=1)
    merchant_scans_per_minute: int = Field(default=600, ge=1)
    merchant_applications_per_minute: int = Field(default=10, ge=1, description="An address.")
    sign_ins_per_minute: int = Field(default=120, ge=1, description="An address.")
    streams_per_citizen: int = Field(default=3, ge=1, description="Live streams, a process.")
    streams: int = Field(default=2_000, ge=1, description="Live streams of everybody, a process.")
    body_bytes: int = Field(default=2_000_000, ge=1_000)
    batch_records: int = Field(default=1_000, ge=1, le=1_000)


class SignInSettings(BaseModel, frozen=True, extra="forbid"):
    """How people sign in, and how often somebody may guess; the counts stand in PostgreSQL."""

    codes_per_number_per_hour: int = Field(default=5, ge=1)
    codes_per_number_per_day: int = Field(default=10, ge=1)
    codes_per_device_per_hour: int = Field(default=10, ge=1)
    codes_per_network_per_hour: int = Field(default=60, ge=1, description="A /24 or a /56.")
    codes_per_hour: int = Field(default=20_000, ge=1, description="All numbers: what SMS may cost.")
    failures_per_device_per_hour: int = Field(default=20, ge=1)
    failures_per_network_per_hour: int = Field(default=20, ge=1, description="A /24 or a /56.")
    failures_per_hour: int = Field(default=5_000, ge=1, description="Everybody together.")
    sms_url: HttpUrl | None = Field(
        default=None, description="The city's message gateway. Unset: the development inbox."
    )
    sms_secret: SecretStr | None = Field(default=None, description="Its bearer token.")
    wechat_app_id: str | None = Field(default=None, description="Unset: the console's answers.")
    wechat_secret: SecretStr | None = None
    alipay_app_id: str | None = Field(default=None, description="Unset: the console's answers.")
    alipay_key: SecretStr | None = Field(default=None, description="RSA private key, PEM.")
    alipay_public_key: str | None = Field(default=None, description="Alipay's own, PEM.")


class AppSettings(BaseModel, frozen=True, extra="forbid"):
    """Which clients are served: they name themselves in `Puhui-App: h5/1.2.3`."""

    min_versions: dict[
        Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,19}$")],
        Annotated[str, StringConstraints(pattern=r"^\d{1,6}\.\d{1,6}(\.\d{1,6})?$")],
    ] = Field(default={}, description="The oldest served, by app.", examples=[{"h5": "1.2.0"}])
    stores: dict[str, HttpUrl] = Field(
        default={},
        description="Where a newer one is, by app.",
        examples=[{"h5": "https://puhui.example/"}],
    )


class NoticeSettings(BaseModel, frozen=True, extra="forbid"):
    """How messages are pushed; the inbox has all of them in any case."""

    channel: Literal["console", "wechat", "push", "wechat+push"] = "console"
    push_url: HttpUrl | None = Field(default=None, description="The city's push gateway.")
    push_secret: SecretStr = Field(default=SecretStr(""), description="Its bearer token.")
    wechat_app_id: str = ""
    wechat_secret: SecretStr = SecretStr("")
    wechat_templates: dict[str, str] = Field(
        default={}, description="WeChat's template id by ours; others are not pushed."
    )
    wechat_page: str = Field(
        default="pages/index/index",
        pattern=r"^[a-z0-9_/-]+$",
        description="The mini-program's page that opens a message's screen, told as `to`.",
    )
    timeout_s: int = Field(default=5, ge=1, le=60)

    @property
    def speaks_wechat(self) -> bool:
        """Whether messages go through WeChat."""
        return "wechat" in self.channel

    @property
    def speaks_push(self) -> bool:
        """Whether messages are pushed to apps."""
        return "push" in self.channel

    @model_validator(mode="after")
    def _refuse_half_a_channel(self) -> Self:
        given = self.wechat_app_id and self.wechat_secret.get_secret_value()
        if self.speaks_wechat and not (given and self.wechat_templates):
            raise ValueError("wechat needs its app id, its secret and templates")
        if self.speaks_push and not (self.push_url and self.push_secret.get_secret_value()):
            raise ValueError("push needs the gateway's address and its secret")
        return self


class Settings(BaseSettings):
    """The whole configuration; built once per process and passed down."""

    model_config = SettingsConfigDict(
        env_prefix="PUHUI_",
        env_nested_delimiter="__",
        frozen=True,
        hide_input_in_errors=True,
    )

    environment: Literal["local", "test", "production"] = "local"
    port: int = Field(default=8000, ge=1, le=65_535)
    workers: int = Field(default=1, ge=1, le=64, description="How many processes serve.")
    lanes: Annotated[int, Field(ge=0, le=1024)] | Literal["citus"] = Field(
        default=0, description="How batches are cut: 0 not at all, N by bucket, or as Citus lies."
    )
    home: Path | None = Field(default=None, description="State folder; unset: the user's own.")
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    keys: KeySettings = KeySettings()
    limits: LimitSettings = LimitSettings()
    sign_in: SignInSettings = SignInSettings()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description='Whose `X-Forwarded-For` is believed, such as ["10.0.0.0/8"].'
    )
    apps: AppSettings = AppSettings()
    notices: NoticeSettings = NoticeSettings()

    @model_validator(mode="after")
    def _refuse_two_mini_programs(self) -> Self:
        """Who somebody is at WeChat is known to one mini-program alone."""
        theirs, ours = self.sign_in.wechat_app_id, self.notices.wechat_app_id
        if self.notices.speaks_wechat and theirs is not None and theirs != ours:
            raise ValueError("messages go through the mini-program that people sign in with")
        return self

    @model_validator(mode="after")
    def _refuse_demo_defaults(self) -> Self:
        needed = {
            "PUHUI_DATABASE__URL": self.database.url,
            "PUHUI_REDIS__URL": self.redis.url,
            "PUHUI_KEYS__TOKEN": self.keys.token,
            "PUHUI_KEYS__COUPON": self.keys.coupon,
            "PUHUI_KEYS__SUBJECT": self.keys.subject,
            "PUHUI_KEYS__MASTER": self.keys.master,
        }
        missing = [name for name, value in needed.items() if value is None]
        if self.environment == "production" and missing:
            raise ValueError(f"production needs {', '.join(missing)}")
        return self
