"""Keys: given by settings, or made once and kept for the owner alone."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from app.keys import FILE, _fresh, keys_for
from app.settings import KeySettings


def public(keys) -> bytes:
    """What identifies the signing key."""
    return keys.token.public_key().public_bytes_raw()


def test_throw_away_keys_survive_a_restart(tmp_path):
    """A demo restarted tomorrow still reads its own tokens and coupons."""
    first, second = (keys_for(KeySettings(), tmp_path / "state") for _ in range(2))
    assert (public(first), first.coupon, first.subject) == (
        public(second),
        second.coupon,
        second.subject,
    )
    assert len({first.coupon, first.subject}) == 2


def test_throw_away_keys_are_their_owners(tmp_path):
    """Nobody else on the machine can read them, and no draft is left behind."""
    home = tmp_path / "state"
    keys_for(KeySettings(), home)
    assert [each.name for each in home.iterdir()] == [FILE]
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_first_processes_agree(tmp_path):
    """Sixteen processes that start at once end up with one set of keys."""
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: keys_for(KeySettings(), tmp_path), range(16)))
    assert len({public(keys) for keys in made}) == 1
    assert len({keys.coupon for keys in made}) == 1


def test_given_keys_write_nothing(tmp_path):
    """A service with all its keys leaves no secret on the disk."""
    given = KeySettings(**{name: SecretStr(value) for name, value in _fresh().items()})
    keys_for(given, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_given_key_wins_over_the_kept_one(tmp_path):
    """An operator may set one key and leave the others to the folder."""
    kept = keys_for(KeySettings(), tmp_path)
    mixed = keys_for(KeySettings(coupon=SecretStr("ab" * 32)), tmp_path)
    assert mixed.coupon == b"\xab" * 32
    assert mixed.subject == kept.subject


@pytest.mark.parametrize("coupon", ["ab" * 31, "not hex", ""])
def test_a_short_or_odd_key_stops_the_process(tmp_path, coupon):
    """A key that could be guessed is refused at start."""
    with pytest.raises(ValueError):
        keys_for(KeySettings(coupon=SecretStr(coupon)), tmp_path)


def test_only_ed25519_signs(tmp_path):
    """A good key of another kind is refused, because its signatures would be too."""
    other = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    with pytest.raises(ValueError, match="Ed25519"):
        keys_for(KeySettings(token=SecretStr(other.decode())), tmp_path)


def test_keys_are_not_printed(tmp_path):
    """A log line with the whole object in it holds no secret."""
    keys = keys_for(KeySettings(), tmp_path)
    kept = json.loads((tmp_path / FILE).read_text())
    assert kept["coupon"] not in repr(keys)
    assert repr(keys.coupon) not in repr(keys)


def test_master_keys_are_numbered(tmp_path):
    """Two keys by their numbers; without a setting there is none, and the vault has its own."""
    given = SecretStr(f"1:{'aa' * 32}, 2:{'bb' * 32}")
    found = keys_for(KeySettings(master=given, suite="sm4"), tmp_path)
    assert (dict(found.masters), found.suite) == ({1: b"\xaa" * 32, 2: b"\xbb" * 32}, "sm4")
    assert dict(keys_for(KeySettings(), tmp_path).masters) == {}


@pytest.mark.parametrize(
    "given",
    ["aa" * 32, f"0:{'aa' * 32}", "1:aa", f"1:{'aa' * 32},1:{'bb' * 32}", "1:xy", f"x:{'aa' * 32}"],
)
def test_a_malformed_master_key_stops_the_process(tmp_path, given):
    """Without a number, too short, twice the same, or no hexadecimal: it is refused at the start."""
    with pytest.raises(ValueError):
        keys_for(KeySettings(master=SecretStr(given)), tmp_path)
