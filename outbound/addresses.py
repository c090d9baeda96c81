"""Which addresses a request may go to: public ones, and those that the operator allows."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")

# Public by their number, but answered by the cloud's own host: Azure's wire server, and the block in which
# Oracle keeps its metadata (Python calls most of that block global).
_CLOUD_HOSTS: Final = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))


class AddressPolicy:
    """Says yes to public addresses and to those in the `allowed` networks (CIDR notation)."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed: list[IPv4Network | IPv6Network] = [ip_network(network) for network in allowed]

    def permits(self, address: str) -> bool:
        """Whether a connection to this IP address may be opened."""
        actual = _unwrap(ip_address(address))
        if any(actual in network for network in self._allowed if network.version == actual.version):
            return True
        if isinstance(actual, IPv6Address):
            return actual in _GLOBAL_UNICAST and actual.is_global and not actual.is_multicast
        reserved = any(actual in network for network in _CLOUD_HOSTS)
        return actual.is_global and not actual.is_multicast and not reserved


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(address.packed[-4:])
    return address
