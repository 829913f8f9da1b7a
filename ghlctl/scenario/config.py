"""ghlctl.yaml: what is said of the receiver once, so that commands need no flags."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from ghlctl.errors import UsageError
from ghlctl.providers.catalogue import PROVIDERS
from ghlctl.scenario.audit_config import AuditConfig, check_audit
from ghlctl.scenario.bounds import check_headers, check_key, check_text, check_url
from ghlctl.scenario.convert import fit, or_none
from ghlctl.scenario.document import Document, read_document
from ghlctl.scenario.names import check_name
from ghlctl.scenario.shape import ConfigShape, ReceiverConfigShape
from ghlctl.signing.catalogue import SCHEMES

FILE_NAME = "ghlctl.yaml"
PREFIX = "GHLCTL_"
KEY_VARIABLE = "GHLCTL_KEY"


class ReceiverConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The usual receiver. `key` is a reference; `authorized` is said of this `url` alone."""

    url: str | None = None
    provider: str = "ghl"
    scheme: str | None = None
    key: str | None = None
    upstream: str | None = None
    headers: dict[str, str] = {}
    authorized: bool = False


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """`reports`: the folder of runs; `scenario`: a file. Paths are as written."""

    receiver: ReceiverConfig = ReceiverConfig()
    reports: str = "reports"
    scenario: str | None = None
    audit: AuditConfig = AuditConfig()


def read_config(text: str, source: str) -> Config:
    """Raise UsageError with `source`, line and path."""
    document = read_document(text, source)
    shape = fit(document, ConfigShape)
    for key in ("reports", "scenario"):
        if key in document.value:
            with document.at(key):
                check_text(f"the path {key}", document.value[key])
    receiver = or_none(shape.receiver) or ReceiverConfigShape()
    audit = check_audit(document, or_none(shape.audit) or AuditConfig())
    return Config(_receiver(document, receiver), shape.reports, or_none(shape.scenario), audit)


def find_config(start: Path) -> Path | None:
    """The nearest ghlctl.yaml from folder `start` upward to the root of its repository.

    Outside a repository only `start` itself is looked at: a file further up, in a folder that
    others may write to, must not decide where load is sent.
    """
    folder = start.resolve()
    folders = (folder, *folder.parents)
    root = next((each for each in folders if (each / ".git").exists()), folder)
    inside = folders[: folders.index(root) + 1]
    return next((path for each in inside if (path := each / FILE_NAME).is_file()), None)


def overlay_environment(config: Config, environ: Mapping[str, str]) -> Config:
    """`config` with what GHLCTL_ variables say in its place; empty ones say nothing.

    GHLCTL_KEY holds the key itself, so that what is taken over is the reference env:GHLCTL_KEY;
    a value that is a reference is taken as it is.
    """
    said = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value.strip()
    }
    receiver = at_url(config.receiver, said["url"]) if "url" in said else config.receiver
    changes: dict[str, Any] = {key: said[key] for key in _CHECKS if key in said}
    if "key" in said:
        changes["key"] = _key_reference(said["key"])
    for key, value in changes.items():
        _checked(PREFIX + key.upper(), _CHECKS[key], value)
    if "authorized" in said:
        changes["authorized"] = _flag(f"{PREFIX}AUTHORIZED", said["authorized"])
    paths = {key: said[key] for key in ("reports", "scenario") if key in said}
    return structs.replace(config, receiver=structs.replace(receiver, **changes), **paths)


def at_url(receiver: ReceiverConfig, url: str) -> ReceiverConfig:
    """The receiver at another address, which nobody has authorized yet."""
    authorized = receiver.authorized and url == receiver.url
    return structs.replace(receiver, url=url, authorized=authorized)


def _receiver(document: Document, shape: ReceiverConfigShape) -> ReceiverConfig:
    said = {
        key: value for key, value in structs.asdict(shape).items() if or_none(value) is not None
    }
    for key, check in _CHECKS.items():
        if key in said:
            with document.at("receiver", key):
                check(said[key])
    with document.at("receiver", "headers"):
        check_headers(shape.headers)
    return ReceiverConfig(**said)


def _check_provider(name: str) -> None:
    check_name("provider", name, PROVIDERS)


def _check_scheme(name: str) -> None:
    check_name("scheme", name, SCHEMES)


_CHECKS: dict[str, Callable[[str], None]] = {
    "url": check_url,
    "provider": _check_provider,
    "scheme": _check_scheme,
    "key": check_key,
    "upstream": check_url,
}
"""What holds for each text that is said of a receiver, in a file or in a variable."""


def _key_reference(value: str) -> str:
    return value if value.startswith(("env:", "file:")) else f"env:{KEY_VARIABLE}"


def _flag(name: str, value: str) -> bool:
    if value not in {"true", "false"}:
        raise UsageError(f"{name} is neither true nor false", f"export {name}=true")
    return value == "true"


def _checked(name: str, check: Callable[[str], None], value: str) -> None:
    try:
        check(value)
    except UsageError as refusal:
        raise UsageError(f"{name}: {refusal.message}", refusal.hint) from None
