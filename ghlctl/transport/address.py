"""Where a URL leads, and whether this tool may send there without being told so."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ghlctl.errors import NotMeasuredError, UsageError
from ghlctl.model.address import shown_url as shown_url  # noqa: PLC0414 - also found here, with all that is about URLs

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[Address]]

_PORTS = {"http": 80, "https": 443}
# Deliberately not ipaddress.is_private: that holds for link-local addresses too, where clouds
# keep their metadata services.
_OWN_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "0.0.0.0/32",
        "::/128",
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """A URL taken apart; `path` includes the query and is never empty."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def secure(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as the Host header wants them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


def place_of(url: str) -> Place:
    """Raise UsageError for what is no http or https URL with a host."""
    parts = _split(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise UsageError(
            f"{shown_url(url)!r} is no http or https URL",
            "give the whole URL, like http://127.0.0.1:8700/webhooks/ghl",
        )
    if parts.port == 0:
        raise UsageError("nobody can listen on port 0", "give the port that the receiver has")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "the URL carries a user name or password",
            "send it as a header instead: --header 'Authorization: …'",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], path)


def addresses_of(host: str, port: int) -> tuple[Address, ...]:
    """Every address that the name stands for; empty when it stands for none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    texts = dict.fromkeys(str(info[4][0]).partition("%")[0] for info in found)
    return tuple(ipaddress.ip_address(text) for text in texts)


def require_authorised(url: str, authorised: bool, *, resolve: Resolve = addresses_of) -> None:
    """Let loopback and private addresses pass; raise UsageError for any other unless authorised.

    All addresses of a name count: one that is public is enough to ask. A name that does not
    resolve raises NotMeasuredError.
    """
    place = place_of(url)
    if authorised:
        return
    addresses = resolve(place.host, place.port)
    if not addresses:
        raise NotMeasuredError(
            f"the host name {place.host!r} does not resolve",
            "check the URL's spelling and this machine's name resolution",
        )
    foreign = next((address for address in addresses if not is_own(address)), None)
    if foreign is not None:
        raise UsageError(
            f"{place.host} is neither this machine nor a private network (it is {foreign})",
            "if you may test it, say so: authorized: true beside its URL, or --authorized",
        )


def is_own(address: Address) -> bool:
    """Loopback, or a network that is private to its users."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(
        address in network for network in _OWN_NETWORKS if network.version == address.version
    )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read for its range check alone
    except ValueError as error:
        raise UsageError(
            f"{url.partition('?')[0]!r} is no URL: {error}",
            "give the whole URL, like http://127.0.0.1:8700/webhooks/ghl",
        ) from None
    return parts
