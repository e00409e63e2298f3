"""Where a request comes from, as budgets see it: the device it names and its network.

A network is the /24 of an IPv4 address, the /56 of an IPv6 address: what one household or one
cheap server has. The address is the peer's own, unless the peer is a proxy we trust.
"""

from dataclasses import dataclass
from ipaddress import ip_network

from app.edge import Address


@dataclass(frozen=True, slots=True)
class Origin:
    """The device that a request names, and the network it came from, as keyed digests."""

    device: bytes
    network: bytes


def network_of(address: Address) -> str:
    """``203.0.113.9`` -> ``203.0.113.0/24``; an IPv6 address its /56."""
    return str(ip_network((address, 24 if address.version == 4 else 56), strict=False))
