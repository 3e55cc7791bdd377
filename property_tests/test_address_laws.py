"""Downloads connect to public addresses only."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given, strategies as st

from casual_llm.wire.addresses import refused_address

_ipv4 = st.ip_addresses(v=4)
_ipv6 = st.ip_addresses(v=6)


def _inside(network: str, address: IPv4Address, shift: int) -> str:
    """Put an IPv4 address into an IPv6 network, shifted left by this many bits."""
    start = int(IPv6Network(network).network_address)
    return str(IPv6Address(start | int(address) << shift))


@given(_ipv4 | _ipv6)
def test_an_address_is_public_or_rejected_with_a_reason(address: IPv4Address | IPv6Address) -> None:
    reason = refused_address(str(address))
    assert reason is None or reason


@given(_ipv4 | _ipv6)
def test_an_accepted_address_is_public_to_the_standard_library_too(
    address: IPv4Address | IPv6Address,
) -> None:
    assert refused_address(str(address)) is not None or address.is_global


@given(_ipv4)
def test_an_address_that_the_standard_library_calls_special_is_rejected(address: IPv4Address) -> None:
    special = address.is_private or address.is_multicast or address.is_reserved or address.is_loopback
    assert not special or refused_address(str(address))


@given(_ipv4)
@pytest.mark.parametrize(
    ("network", "shift"),
    [
        ("::/96", 0),
        ("::ffff:0:0/96", 0),
        ("::ffff:0:0:0/96", 0),
        ("64:ff9b::/96", 0),
        ("64:ff9b:1::/48", 0),
        ("2002::/16", 80),
        ("2001::/32", 64),
        ("2001::/32", 0),
    ],
)
def test_an_ipv4_address_that_is_not_public_is_rejected_in_every_form(
    network: str, shift: int, address: IPv4Address
) -> None:
    assert refused_address(_inside(network, address, shift))


@given(st.integers(0, 2**125 - 1).map(IPv6Address) | st.integers(2**126, 2**128 - 1).map(IPv6Address))
def test_only_the_global_unicast_eighth_of_ipv6_is_accepted(address: IPv6Address) -> None:
    assert refused_address(str(address))


@given(_ipv6.map(str), st.text(max_size=5))
def test_an_ipv6_address_with_a_zone_is_rejected(address: str, zone: str) -> None:
    assert refused_address(f"{address}%{zone}") == "an IPv6 address with a zone"


@given(st.text(max_size=12))
def test_text_that_is_not_an_address_is_rejected(text: str) -> None:
    assert refused_address(f"x{text}")


@given(_ipv4)
def test_an_address_in_an_unusual_spelling_is_rejected(address: IPv4Address) -> None:
    odd = [str(int(address)), hex(int(address)), f"0{int(address):o}", f"0{address}", f"{address}."]
    assert [spelling for spelling in odd if refused_address(spelling) is None] == []


@pytest.mark.parametrize(
    "address",
    [
        *["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "169.253.255.255", "172.15.255.255"],
        *["172.32.0.0", "192.169.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2003::1"],
    ],
)
def test_a_public_address_is_accepted(address: str) -> None:
    assert refused_address(address) is None
    assert refused_address(str(ip_address(address))) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("0.0.0.0", "unspecified"),
        ("10.255.255.255", "private"),
        ("100.64.0.1", "shared behind a carrier's NAT"),
        ("127.1.2.3", "loopback"),
        ("169.254.0.1", "link-local"),
        ("169.254.169.254", "the metadata service of a cloud"),
        ("168.63.129.16", "the metadata service of a cloud"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("198.19.0.1", "reserved"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::7f00:1", "an IPv4 address in another form"),
        ("::ffff:127.0.0.1", "an IPv4 address in another form"),
        ("64:ff9b::a00:1", "an IPv4 address in another form"),
        ("64:ff9b:1::a00:1", "an IPv4 address in another form"),
        ("2002:7f00:1::", "an IPv4 address in another form"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "an IPv4 address in another form"),
        ("2001:db8::1", "reserved"),
        ("fd00:ec2::254", "the metadata service of a cloud"),
        ("fd00::1", "private"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("100::1", "reserved"),
        ("4000::1", "reserved"),
        ("0x7f.1", "not an IP address"),
        ("2130706433", "not an IP address"),
        ("017700000001", "not an IP address"),
        ("", "not an IP address"),
        ("localhost", "not an IP address"),
    ],
)
def test_an_address_that_is_not_public_is_rejected_and_its_kind_is_named(address: str, reason: str) -> None:
    assert refused_address(address) == reason
