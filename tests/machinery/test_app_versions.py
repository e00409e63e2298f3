"""An app that is too old is told so, and where a newer one is; nobody else notices."""

import httpx
import pytest

from app.app_versions import app_of, version_of
from app.main import create_app
from app.settings import AppSettings, Settings


@pytest.fixture
async def strict(database, cache, keys):
    """Somebody who calls a service that serves `h5` from 1.10 on."""
    apps = AppSettings(min_versions={"h5": "1.10"}, stores={"h5": "https://puhui.example/app"})
    settings = Settings(environment="test", apps=apps)
    app = create_app(settings, database=database, cache=cache, keys=keys, opens=False)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("sent", ["h5/1.9.9", "h5/0.1", "h5/1.9"])
async def test_an_old_app_is_told_to_update(strict, sent):
    """426 as a problem document with the version that is needed and the address of the store."""
    answer = await strict.get("/livez", headers={"Puhui-App": sent, "Accept-Language": "en"})
    told = answer.json()
    assert (answer.status_code, told["code"]) == (426, "app-too-old")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (told["min_app_version"], told["store_url"]) == ("1.10.0", "https://puhui.example/app")
    assert told["request_id"] == answer.headers["x-request-id"]
    chinese = await strict.get("/livez", headers={"Puhui-App": sent})
    assert chinese.json()["title"] == "请更新应用"


async def test_an_old_app_reads_no_wallet(strict):
    """What lies past the framework's layers lies behind this one."""
    answer = await strict.get("/v1/me/wallet", headers={"Puhui-App": "h5/1.9"})
    assert answer.status_code == 426


@pytest.mark.parametrize(
    "sent", ["h5/1.10", "h5/1.10.0", "h5/2.0", "other/0.1", "", "h5", "x" * 99]
)
async def test_everybody_else_is_served(strict, sent):
    """New enough, another app, nothing, or nonsense: it is no gate."""
    assert (await strict.get("/livez", headers={"Puhui-App": sent})).status_code == 200


def test_versions_are_numbers():
    """1.10 is newer than 1.9, and a missing third number is zero."""
    assert version_of("1.10") > version_of("1.9.9")
    assert app_of(" h5/1.2 ") == ("h5", (1, 2, 0))
    assert version_of("1") is version_of("1.2.3.4") is app_of("H5/1.2") is None


def test_a_wrong_setting_does_not_start():
    """A version that is not one stops the process, not a citizen."""
    with pytest.raises(ValueError, match="min_versions"):
        AppSettings(min_versions={"h5": "newest"})
