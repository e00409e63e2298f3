"""Where a request comes from: a header is believed only when a trusted proxy wrote it."""

from ipaddress import ip_address, ip_network

import pytest
from starlette.requests import Request

from app.edge import address_of
from app.sign_in.origin import network_of

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def request(peer, *forwarded):
    """A request from a peer, with these `X-Forwarded-For` lines."""
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    client = None if peer is None else (peer, 1)
    return Request({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.2.3.4, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.9.9.9, 10.0.0.2"], "10.9.9.9"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("testclient", ["198.51.100.1"], "0.0.0.0"),
        (None, [], "0.0.0.0"),
    ],
)
def test_only_what_a_trusted_proxy_wrote_counts(peer, forwarded, found):
    """The nearest address that is not ours; whatever the caller wrote stands further left."""
    assert address_of(request(peer, *forwarded), trusted=PROXIES) == ip_address(found)


def test_nobody_is_trusted_unless_the_settings_say_so():
    """Without proxies the peer's address is the address."""
    assert address_of(request("10.0.0.1", "1.2.3.4"), trusted=()) == ip_address("10.0.0.1")


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.9", "203.0.113.0/24"), ("2001:db8:1:2ff::7", "2001:db8:1:200::/56")],
)
def test_a_network_is_what_one_household_has(address, network):
    """A /24, a /56: neighbours share a budget, a household's many addresses do not help."""
    assert network_of(ip_address(address)) == network
