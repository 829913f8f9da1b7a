"""What is said of the receiver: flags over GHLCTL_* variables over ghlctl.yaml."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.model.delivery import Headers
    from ghlctl.scenario.config import Config
    from ghlctl.scenario.scenario import Scenario
    from ghlctl.store.runs import RunStore


@dataclass(frozen=True, slots=True)
class Flags:
    """The receiver as the command line has it; None where nothing was said."""

    url: str | None = None
    provider: str | None = None
    scheme: str | None = None
    key: str | None = None
    upstream: str | None = None
    headers: Sequence[str] | None = None
    authorized: bool = False

    def __post_init__(self) -> None:
        """An empty flag is a variable that was not set, and must not become another receiver."""
        for name in ("url", "provider", "scheme", "key", "upstream"):
            said: str | None = getattr(self, name)
            if said is not None and not said.strip():
                raise UsageError(
                    f"--{name} is empty", "is the variable set that it comes from? or leave it out"
                )


@dataclass(frozen=True, slots=True)
class Receiver:
    """The receiver under test, as settled from all that was said; `pid` where it runs here.

    `logs`, `store_cmd` and `second_key_ref` are what one that runs here gives an audit beside
    itself: the files that it writes about deliveries, a command that prints what it keeps of a
    contact, and a key that it does not know yet.
    """

    url: str
    provider: str
    scheme: str
    key_ref: str | None
    upstream: str | None
    headers: "Headers" = ()
    authorized: bool = False
    pid: int | None = None
    logs: tuple[str, ...] = ()
    store_cmd: str = ""
    second_key_ref: str | None = None

    def signing_ref(self) -> str:
        """The key's reference; raise UsageError where none was given and one is needed."""
        if self.key_ref is None and self.scheme == "none":
            return "none"
        if self.key_ref is None:
            raise UsageError(
                "there is no key to sign with",
                "--key env:NAME or file:PATH; ghlctl keys generate writes a test key",
            )
        return self.key_ref


def load_config(path: str | None) -> "Config":
    """The config named, or found upward from here, or an empty one; variables laid over it."""
    from ghlctl.scenario.config import Config, find_config, overlay_environment, read_config

    found = find_config(Path.cwd()) if path is None else Path(path)
    if found is None:
        return overlay_environment(Config(), os.environ)
    config = read_config(read_text(found), str(found))
    return overlay_environment(_beside(found.parent, config), os.environ)


def _beside(folder: Path, config: "Config") -> "Config":
    """Relative paths in a config file count from its folder, wherever the command is run."""
    from msgspec.structs import replace

    key = config.receiver.key
    key = None if key is None else _key_beside(folder, key)
    scenario = None if config.scenario is None else str(folder / config.scenario)
    receiver = replace(config.receiver, key=key)
    reports = str(folder / config.reports)
    audit = replace(
        config.audit,
        logs=[str(folder / log) for log in config.audit.logs],
        source=str(folder / config.audit.source) if config.audit.source else "",
        second_key=_key_beside(folder, config.audit.second_key),
        public_key=_key_beside(folder, config.audit.public_key),
    )
    return replace(config, receiver=receiver, scenario=scenario, reports=reports, audit=audit)


def _key_beside(folder: Path, reference: str) -> str:
    if not reference.startswith("file:"):
        return reference
    return f"file:{folder / Path(reference.removeprefix('file:')).expanduser()}"


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as fault:
        raise UsageError(f"cannot read {path}: {fault.strerror}", "check the file's name") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no UTF-8 text", "is it the right file") from None


def store_of(config: "Config", reports: str | None) -> "RunStore":
    """The folder of runs: flag over config over reports/."""
    from ghlctl.store.runs import RunStore

    if reports == "":
        raise UsageError("--reports is empty", "name a folder, or leave it out")
    return RunStore(Path(reports or config.reports))


def run_store(reports: str | None, config: str | None) -> "RunStore":
    return store_of(load_config(config), reports)


def settle(flags: Flags, config: "Config", scenario: "Scenario | None" = None) -> Receiver:
    """One receiver from flags, scenario and config, in this order; refuse hosts not allowed."""
    from ghlctl.providers.catalogue import provider_named
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.transport.address import require_authorised
    from ghlctl.transport.sendable import require_sendable

    said, spec = config.receiver, scenario.receiver if scenario else None
    url = flags.url or (spec.url if spec else None) or said.url
    if url is None:
        raise UsageError(
            "no receiver was named",
            "--url URL, receiver: in ghlctl.yaml, or --profile optimized for the embedded one",
        )
    sender = scenario.provider if scenario else said.provider
    provider = provider_named(flags.provider or sender)
    scheme = flags.scheme or (spec.scheme if spec else None) or said.scheme
    # The config's permission is for the config's URL alone, not for whatever a flag names.
    authorized = flags.authorized or (said.authorized and url == said.url)
    require_authorised(url, authorized)
    signer = scheme_named(scheme or provider.default_scheme)
    headers = (*said.headers.items(), *_pairs(flags.headers or ()))
    require_sendable(headers, signed=signer.headers)
    return Receiver(
        url=url,
        provider=provider.name,
        scheme=signer.name,
        key_ref=flags.key or (spec.key if spec else None) or said.key,
        upstream=flags.upstream or said.upstream,
        headers=headers,
        authorized=authorized,
    )


def _pairs(headers: Sequence[str]) -> "Headers":
    pairs = []
    for line in headers:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError("a header is written 'Name: value'", "--header 'X-Tenant: one'")
        pairs.append((name.strip(), value.strip()))
    return tuple(pairs)
