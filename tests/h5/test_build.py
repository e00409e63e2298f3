"""What is served is what is written: the committed build belongs to its sources."""

import importlib.util
import re

import pytest

from tests.house.sources import ROOT

CLIENT = ROOT / "app" / "h5" / "client"


@pytest.fixture(scope="module")
def tool():
    """The script behind `make h5`."""
    spec = importlib.util.spec_from_file_location("h5", ROOT / ".ci" / "h5.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_build_is_the_sources_own(tool):
    """Sources, the interface they were typed with, and the build agree; and it stays small."""
    assert tool.check() == []


def test_a_changed_interface_asks_for_a_new_build(tool, monkeypatch):
    """A door of the client that changes its shape is noticed; one it does not use is not."""
    document = tool.interface()
    assert "/v1/me/wallet" in document["paths"]
    assert not any(path.startswith("/v1/admin") for path in document["paths"])
    wallet = document["components"]["schemas"]["WalletView"]["properties"]["available"]
    wallet["type"] = "string"
    monkeypatch.setattr(tool, "interface", lambda: document)
    assert len(tool.check()) == 1


def test_the_lock_names_no_host():
    """Packages are pinned by digest and come from whatever registry the machine uses."""
    lock = (CLIENT / "package-lock.json").read_text()
    assert not re.search(r"https?://", lock)
    assert lock.count('"integrity": "sha512-') > 50


def test_every_word_has_both_languages():
    """No sentence is missing in Chinese or English, and both fill in the same facts."""
    pairs = re.findall(
        r'^  (\w+): \[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)",?\s*\]',
        (CLIENT / "src" / "words.ts").read_text(),
        re.MULTILINE,
    )
    assert len(pairs) > 200
    for name, zh, en in pairs:
        assert zh, name
        assert en, name
        assert set(re.findall(r"\{\w+\}", zh)) == set(re.findall(r"\{\w+\}", en)), name
        if name not in {"other_language", "brand"}:
            assert not re.search("[\u4e00-\u9fff]", en), name


def test_screens_say_nothing_by_themselves():
    """Every visible word comes from the one list: no Chinese stands in a screen."""
    found = [
        f"{path.name}: {text}"
        for path in sorted((CLIENT / "src").rglob("*.vue"))
        for text in re.findall("[\u4e00-\u9fff][^\"'`<]*", path.read_text())
    ]
    assert [each for each in found if not each.startswith(ALLOWED)] == []


ALLOWED = (
    "OfferScreen.vue: 兑换",  # a wish is told in both languages, whichever is spoken later
    "CouponScreen.vue: 退回",
    "AppealForm.vue: 申诉",
    "TripForm.vue: 补录行程",
    "ConsentsScreen.vue: 撤回同意",
    "DonateScreen.vue: 捐赠给",
    "LinkForm.vue: 关联卡号",
    "LinksScreen.vue: 解除关联",
    "SettingsScreen.vue: 中文",
)
