"""Alipay's mini-programs: ``alipay.system.oauth.token``, signed both ways with RSA2.

Source: opendocs.alipay.com, "alipay.system.oauth.token", "Self-implemented signature": the
request's parameters sorted by name; of the answer the node's own text.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from app.sign_in.errors import PlatformRefused
from app.sign_in.outside import Outside, unavailable

GATEWAY = "https://openapi.alipay.com/gateway.do"
METHOD = "alipay.system.oauth.token"
NODE = "alipay_system_oauth_token_response"
REFUSALS = frozenset({"isv.code-invalid", "isp.auth-code-invalid"})
_BEIJING = ZoneInfo("Asia/Shanghai")


class Alipay:
    """One mini-program.

    Args:
        outside: the way there.
        app_id: the mini-program's.
        key_pem: its RSA private key.
        public_pem: Alipay's public key.

    Raises:
        ValueError: a key is not RSA.

    """

    def __init__(self, outside: Outside, *, app_id: str, key_pem: str, public_pem: str) -> None:
        private = load_pem_private_key(key_pem.encode(), password=None)
        public = load_pem_public_key(public_pem.encode())
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise ValueError("PUHUI_SIGN_IN__ALIPAY_... keys must be RSA, PEM")  # noqa: TRY004 -- the value is wrong
        self._outside = outside
        self._app_id = app_id
        self._private = private
        self._public = public

    async def id_of(self, code: str, *, now: datetime) -> str:
        """The open id behind an authorisation code; the user id of older applications."""
        asked = {
            "app_id": self._app_id,
            "charset": "utf-8",
            "code": code,
            "format": "JSON",
            "grant_type": "authorization_code",
            "method": METHOD,
            "sign_type": "RSA2",
            "timestamp": f"{now.astimezone(_BEIJING):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
        }
        signed = asked | {"sign": self._signature(asked)}
        node = self._verified(await self._outside.text("POST", GATEWAY, data=signed))
        found = node.get("open_id") or node.get("user_id")
        if not isinstance(found, str):
            raise unavailable(self._outside.name)
        return found

    async def phone_of(self, code: str, *, now: datetime) -> str:  # noqa: ARG002 -- the port's shape
        """Alipay's phone numbers need another contract; there is no door for them here."""
        raise unavailable(self._outside.name)

    def _signature(self, asked: Mapping[str, str]) -> str:
        text = "&".join(f"{name}={asked[name]}" for name in sorted(asked))
        return base64.b64encode(self._private.sign(text.encode(), PKCS1v15(), SHA256())).decode()

    def _verified(self, text: str) -> Mapping[str, Any]:
        """The answer's node, if Alipay signed it.

        Raises:
            PlatformRefused: Alipay does not know the code.
            PlatformUnavailable: anything else that is not a signed answer.

        """
        try:
            whole = json.loads(text)
            refusal = whole.get("error_response")
            if isinstance(refusal, dict) and refusal.get("sub_code") in REFUSALS:
                raise PlatformRefused(
                    "Alipay does not accept this code; get a new one.",
                    "支付宝授权码无效,请重新授权。",
                )
            start = text.index(f'"{NODE}":') + len(NODE) + 3
            node, length = json.JSONDecoder().raw_decode(text[start:].lstrip())
            start += len(text[start:]) - len(text[start:].lstrip())
            signature = base64.b64decode(whole["sign"], validate=True)
            signed = text[start : start + length].encode()
            self._public.verify(signature, signed, PKCS1v15(), SHA256())
        except (ValueError, KeyError, AttributeError, TypeError, InvalidSignature) as error:
            raise unavailable(self._outside.name) from error
        if not isinstance(node, dict):
            raise unavailable(self._outside.name)
        return node
