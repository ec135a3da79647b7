"""`kai_flow.settings.callback_allow`: whom a worker may call, by name and by address."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.settings.callback_allow import Address, AllowList, Place, read_allow_list

NAMES: Final = ("hooks.example.com", "kai-bridge", "bridge.corp.internal", "localhost", "e.example")
PORTS: Final = (80, 443, 8080, 8092)
ADDRESSES: Final = (
    "93.184.216.34", "10.1.2.3", "10.9.9.9", "192.168.7.7", "100.64.0.1", "127.0.0.1", "127.8.8.8",
    "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42",
    "169.254.169.254", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.1",
    "2606:2800:21f::1", "::1", "::", "fd00::5", "fe80::1", "ff02::1", "2001:db8::1", "2002:a00::1",
    "::ffff:10.1.2.3", "::ffff:169.254.169.254", "64:ff9b::a01:203", "64:ff9b::5db8:d822",
)  # fmt: skip
# No stranger's address may be reached by a name alone.
STRANGE: Final = (
    "169.254.0.0/16",
    "224.0.0.0/3",
    "0.0.0.0/8",
    "fe80::/10",
    "ff00::/8",
    "2002::/16",
    "168.63.129.16/32",
    "100.100.100.200/32",
    "fd00:ec2::/32",
    "fd20:ce::254/128",
    "fd00:42::42/128",
)

addresses = st.one_of(
    st.sampled_from(ADDRESSES).map(ip_address), st.ip_addresses(v=4), st.ip_addresses(v=6)
)
ports = st.sampled_from(PORTS)
names = st.sampled_from(NAMES)


def places(hosts: st.SearchStrategy[str]) -> st.SearchStrategy[Place]:
    """Places of these hosts."""
    return st.builds(Place, st.sampled_from(("http", "https")), hosts, ports)


@st.composite
def entries(draw: st.DrawFn) -> str:
    """An entry, as it may be written."""
    host = draw(
        st.one_of(
            names,
            st.just("loopback"),
            addresses.map(str),
            st.sampled_from(("10.0.0.0/8", "fd00::/8", "169.254.0.0/16", "0.0.0.0/0", "::/0")),
        )
    )
    port = draw(st.one_of(st.none(), st.just("*"), ports))
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


lists = st.lists(entries(), max_size=4).map(lambda found: read_allow_list(",".join(found)))
at_bridge = lists.map(lambda one: one.beside(8092))


def entry_in(refusal: str) -> str:
    """The entry that a refusal tells to add."""
    return refusal.rpartition(" to KAI_CALLBACK_ALLOW")[0].rpartition(" add ")[2]


@given(lists)
def test_a_list_is_written_as_it_is_read(one: AllowList) -> None:
    """What an entry shows of itself is the same entry again."""
    assert read_allow_list(",".join(map(str, one.entries))) == one


@given(at_bridge, places(st.one_of(names, addresses.map(str))), st.lists(addresses, max_size=3))
def test_the_entries_that_refusals_name_are_enough(
    one: AllowList, place: Place, found: list[Address]
) -> None:
    """Whoever adds what the message says gets on: with one entry for each address at most."""
    text = ",".join(map(str, one.entries))
    for _ in range(len(found) + 2):
        refusal = one.refusal(place, found)
        if refusal is None:
            return
        assert refusal.startswith("callback_url names ")
        assert "\n" not in refusal
        text += f",{entry_in(refusal)}"
        one = read_allow_list(text)
    pytest.fail(f"it is still refused with {text}")


@given(at_bridge, at_bridge, places(names), st.lists(addresses, min_size=1, max_size=3))
def test_more_entries_never_allow_less(
    one: AllowList, other: AllowList, place: Place, found: list[Address]
) -> None:
    """An entry takes nothing away."""
    more = AllowList(one.entries + other.entries)
    if one.refusal(place, found) is None:
        assert more.refusal(place, found) is None


@given(at_bridge, places(names), st.lists(addresses, min_size=1, max_size=3))
def test_every_address_of_an_allowed_name_is_allowed(
    one: AllowList, place: Place, found: list[Address]
) -> None:
    """One address that is not refuses them all, in whatever order they come."""
    whole = one.refusal(place, found) is None
    assert whole == all(one.refusal(place, [each]) is None for each in found)


@given(at_bridge, places(names), addresses)
def test_a_name_leads_to_no_strange_address_unless_it_is_listed(
    one: AllowList, place: Place, address: Address
) -> None:
    """Link-local addresses, where clouds keep credentials, and the like need an entry of theirs."""
    if not any(address in ip_network(each) for each in STRANGE):
        return
    if one.refusal(place, [address]) is None:
        assert any(entry.is_at(place) and entry.covers(address) for entry in one.entries)


@given(at_bridge, places(names), addresses)
def test_a_name_that_is_not_looked_up_is_refused(
    one: AllowList, place: Place, address: Address
) -> None:
    """No name of a stranger's choice is asked for in the DNS, unless a network may allow it."""
    if not one.depends_on_addresses(place):
        assert one.refusal(place, []) is not None
        assert one.refusal(place, [address]) is not None


@given(at_bridge, st.ip_addresses(v=4), ports)
def test_an_address_is_the_same_however_it_is_wrapped(
    one: AllowList, address: IPv4Address, port: int
) -> None:
    """`::ffff:10.1.2.3` and NAT64 lead to 10.1.2.3, and are judged as it is."""
    plain = one.refusal(Place("http", str(address), port), [])
    for prefix in ("::ffff:0:0", "64:ff9b::"):
        wrapped = IPv6Address(int(ip_address(prefix)) + int(address))
        refused = one.refusal(Place("http", str(wrapped), port), [])
        # a network of IPv6 addresses, such as ::/0, does not mean those that lead elsewhere
        assert (refused is None) == (plain is None)


@pytest.mark.parametrize(
    ("entry", "url", "found", "allowed"),
    [
        ("hooks.example.com", ("https", "hooks.example.com", 443), "93.184.216.34", True),
        ("hooks.example.com", ("http", "hooks.example.com", 443), "93.184.216.34", False),
        ("hooks.example.com", ("http", "hooks.example.com", 8443), "93.184.216.34", False),
        ("hooks.example.com:8443", ("http", "hooks.example.com", 8443), "93.184.216.34", True),
        ("hooks.example.com:*", ("http", "hooks.example.com", 1), "93.184.216.34", True),
        ("hooks.example.com", ("http", "a.hooks.example.com", 80), "93.184.216.34", False),
        ("hooks.example.com", ("http", "hooks.example.com", 80), "10.1.2.3", False),
        ("hooks.example.com,10.1.2.3", ("http", "hooks.example.com", 80), "10.1.2.3", True),
        ("hooks.example.com,10.1.2.3:9", ("http", "hooks.example.com", 80), "10.1.2.3", False),
        ("hooks.example.com,loopback:80", ("http", "hooks.example.com", 80), "127.0.0.1", True),
        *(
            ("hooks.example.com", ("http", "hooks.example.com", 80), address, allowed)
            for address, allowed in (
                ("2606:2800:21f::1", True), ("64:ff9b::5db8:d822", True),
                ("64:ff9b::a9fe:1", False),
                ("fe80::1", False), ("ff02::1", False), ("fd00::5", False), ("::", False),
                ("64:ff9b:1::1", False), ("2001:db8::1", False), ("::ffff:10.1.2.3", False),
            )
        ),
        ("kai-bridge:8092", ("http", "kai-bridge", 8092), "172.18.0.3", True),
        ("kai-bridge:8092", ("http", "kai-bridge", 8092), "fd00::5", True),
        ("kai-bridge:8092", ("http", "kai-bridge", 8092), "fe80::1", False),
        ("kai.kai.svc:8092", ("http", "kai.kai.svc", 8092), "10.96.0.9", True),
        ("kai-bridge:8092", ("http", "kai-bridge", 8092), "169.254.169.254", False),
        ("kai-bridge:8092", ("http", "kai-bridge", 8092), "127.0.0.1", False),
        *(
            (f"{host}:80{listed}", ("http", host, 80), address, bool(listed))
            for host in ("hooks.example.com", "kai-bridge", "bridge.corp.internal")
            for address in (
                "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23",
                "fd20:ce::254", "fd00:42::42",
            )
            for listed in ("", f",{address}")
        ),
        ("10.0.0.0/8:8092", ("http", "any.example", 8092), "10.1.2.3", True),
        ("10.0.0.0/8:8092", ("http", "10.1.2.3", 8092), "", True),
        ("10.0.0.0/8:8092", ("http", "10.1.2.3", 8093), "", False),
        ("10.1.2.3:8092", ("http", "any.example", 8092), "10.1.2.3", False),
        ("loopback", ("http", "localhost", 8092), "127.0.0.1", True),
        ("loopback", ("http", "localhost", 8092), "10.1.2.3", False),
        ("loopback", ("http", "127.0.0.1", 8092), "", True),
        ("loopback", ("http", "::1", 8092), "", True),
        ("loopback", ("http", "127.0.0.1", 7233), "", False),
        ("loopback:7000", ("http", "127.0.0.1", 7000), "", True),
        ("loopback:7000", ("http", "127.0.0.1", 8092), "", False),
        ("loopback:*", ("http", "localhost", 1), "::1", True),
        ("loopback", ("http", "any.example", 8092), "127.0.0.1", False),
        ("", ("http", "localhost", 8092), "127.0.0.1", False),
    ],
)  # fmt: skip
def test_what_the_documentation_says(
    entry: str, url: tuple[str, str, int], found: str, allowed: bool
) -> None:
    """The rules of §8.2, one by one."""
    one = read_allow_list(entry).beside(8092)
    addresses = [ip_address(found)] if found else []
    assert (one.refusal(Place(*url), addresses) is None) == allowed


@pytest.mark.parametrize("port", [0, 8092])
def test_the_url_of_the_bridge_is_allowed_as_well(port: int) -> None:
    """Whoever configures the worker has named it. Without a known port, `loopback` is none."""
    one = read_allow_list("loopback").beside(port, [Place("https", "kai.example.com", 443)])
    found = [ip_address("93.184.216.34")]
    assert one.refusal(Place("https", "kai.example.com", 443), found) is None
    assert one.refusal(Place("http", "kai.example.com", 80), found) is not None
    assert one.refusal(Place("http", "kai.example.com", 8092), found) is not None
    assert (one.refusal(Place("http", "127.0.0.1", 8092), []) is None) == (port == 8092)


@pytest.mark.parametrize(
    "text",
    [
        "http://a", "10.0.0.1/8", "*.example.com", "a:0", "a:65536", "a:b", "a:", "[a]:8", "[::1",
        "[::1]8", "127.1", "2130706433", "a/b", "a b", "fe80::1%eth0", "u@a", "a..b:80:80", "-a",
    ],
)  # fmt: skip
def test_what_is_no_entry_is_refused(text: str) -> None:
    """One sentence says what it may be, with an example."""
    with pytest.raises(ValueError, match=r"must be a host name.*for example loopback,") as refused:
        read_allow_list(f"loopback,{text}")
    assert "\n" not in str(refused.value)
