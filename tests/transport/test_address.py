"""Only loopback and private addresses are reached without permission, whatever the name."""

from ipaddress import ip_address

import pytest

from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.transport.address import Address, is_own, place_of, require_authorised, shown_url


def resolving(*texts: str) -> tuple[Address, ...]:
    return tuple(ip_address(text) for text in texts)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address to reach, not to bind
    ],
)
def test_own_addresses_pass(text: str) -> None:
    assert is_own(ip_address(text))


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "172.32.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.2.1",
        "2001:db8::1",
        "fe80::1",
        "::ffff:8.8.8.8",
        "255.255.255.255",
    ],
)
def test_all_others_need_permission(text: str) -> None:
    assert not is_own(ip_address(text))


def test_one_public_address_of_a_name_is_enough_to_ask() -> None:
    def resolve(_host: str, _port: int) -> tuple[Address, ...]:
        return resolving("127.0.0.1", "203.0.113.9")

    with pytest.raises(UsageError, match=r"203\.0\.113\.9") as refused:
        require_authorised("https://hooks.example.com/x", authorised=False, resolve=resolve)
    assert "--authorized" in refused.value.hint
    require_authorised("https://hooks.example.com/x", authorised=True, resolve=resolve)


def test_a_private_name_passes() -> None:
    require_authorised(
        "http://receiver.test/", authorised=False, resolve=lambda _h, _p: resolving("10.0.0.7")
    )


def test_a_name_that_stands_for_nothing_is_named() -> None:
    with pytest.raises(NotMeasuredError, match="does not resolve"):
        require_authorised("http://nowhere.test/", authorised=False, resolve=lambda _h, _p: ())


def test_numeric_loopback_needs_no_resolver() -> None:
    require_authorised("http://127.0.0.1:8700/webhooks/ghl", authorised=False)
    require_authorised("http://[::1]:8700/", authorised=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "receiver",
        "ftp://host/",
        "http://",
        "http://host:99999/",
        "http://127.0.0.1:0/",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_url_of_a_receiver_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        place_of(url)


def test_a_password_in_a_url_is_refused_and_never_repeated() -> None:
    with pytest.raises(UsageError) as refused:
        place_of("http://me:hidden@host/")
    assert "hidden" not in refused.value.message + refused.value.hint


def test_a_place_has_a_port_a_path_and_an_authority() -> None:
    place = place_of("https://host.test?a=1")
    assert (place.port, place.path, place.authority) == (443, "/?a=1", "host.test")
    assert place_of("http://[::1]:81/x").authority == "[::1]:81"
    assert place_of("http://host.test:80/x").origin == "http://host.test"


def test_a_shown_url_keeps_its_secrets() -> None:
    shown = shown_url("https://me:hidden@host/hook?token=hidden&x=hidden#hidden")
    assert shown == "https://host/hook?token=…&x=…"
    assert shown_url("http://host/hook?hidden") == "http://host/hook?…"
