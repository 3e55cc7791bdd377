"""Decide which IP addresses a download may connect to: public ones only.

A URL that a user or a model wrote must not reach into the network that the program runs in. The rule is a
table; the first network that contains an address decides, and `None` as its reason means public.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

_TABLE = {
    # Addresses at which clouds serve the secrets of a machine; not all of them are in a private range.
    "168.63.129.16/32": "the metadata service of a cloud",
    "169.254.169.254/32": "the metadata service of a cloud",
    "fd00:ec2::254/128": "the metadata service of a cloud",
    "fd20:ce::254/128": "the metadata service of a cloud",
    # The IANA registries of special-purpose addresses.
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared behind a carrier's NAT",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "reserved",
    "192.88.99.0/24": "reserved",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "reserved",
    "198.51.100.0/24": "reserved",
    "203.0.113.0/24": "reserved",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "0.0.0.0/0": None,
    "::/128": "unspecified",
    "::1/128": "loopback",
    # An IPv4 address inside an IPv6 one could bypass the rows above, so all of these are refused.
    "::/96": "an IPv4 address in another form",
    "::ffff:0:0/96": "an IPv4 address in another form",
    "::ffff:0:0:0/96": "an IPv4 address in another form",
    "64:ff9b::/96": "an IPv4 address in another form",
    "64:ff9b:1::/48": "an IPv4 address in another form",
    "2001::/32": "an IPv4 address in another form",
    "2002::/16": "an IPv4 address in another form",
    "2001::/23": "reserved",
    "2001:db8::/32": "reserved",
    "3fff::/20": "reserved",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
    "2000::/3": None,
    "::/0": "reserved",
}
_ROWS: list[tuple[IPv4Network | IPv6Network, str | None]] = [
    (ip_network(network), reason) for network, reason in _TABLE.items()
]


def refused_address(address: str) -> str | None:
    """Return the reason why an address must not be fetched from, or `None` for a public one.

    >>> refused_address("127.0.0.1")
    'loopback'
    >>> refused_address("1.1.1.1") is None
    True

    Any notation but the usual one is refused:

    >>> refused_address("0x7f.1")
    'not an IP address'
    """
    if "%" in address:
        return "an IPv6 address with a zone"
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an IP address"
    return next(reason for network, reason in _ROWS if parsed in network)
