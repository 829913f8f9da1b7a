"""ghlctl health: is the receiver ready to be measured?"""

from typing import TYPE_CHECKING

from ghlctl.cli.options import (
    Authorized,
    ConfigFile,
    Header,
    Key,
    Output,
    OutputFormat,
    Provider,
    Scheme,
    Upstream,
    Url,
    VerifyToken,
)
from ghlctl.cli.output import Format, as_json, emit, filled
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from ghlctl.model.health import HealthSummary


def health(
    url: Url = None,
    provider: Provider = None,
    scheme: Scheme = None,
    key: Key = None,
    verify_token: VerifyToken = None,
    upstream: Upstream = None,
    header: Header = None,
    authorized: Authorized = False,
    config: ConfigFile = None,
    form: OutputFormat = Format.TEXT,
    output: Output = "-",
) -> ExitStatus:
    """Ask whether the receiver resolves, connects, accepts what is genuine, refuses a forgery."""
    import os

    from ghlctl.cli.deliveries import token_text
    from ghlctl.cli.settings import Flags, load_config, settle
    from ghlctl.store.keys import resolve_key
    from ghlctl.transport.probe import health as ask
    from ghlctl.transport.readiness import ready

    flags = Flags(url, provider, scheme, key, upstream, header, authorized)
    receiver = settle(flags, load_config(config))
    questions = ready(
        receiver.url,
        provider=receiver.provider,
        scheme=receiver.scheme,
        key=None if receiver.key_ref is None else resolve_key(receiver.key_ref, os.environ),
        upstream_url=receiver.upstream,
        headers=receiver.headers,
        verify_token=token_text(verify_token),
    )
    summary = ask(questions)
    emit(as_json(summary) if form is Format.JSON else listed(summary), output)
    return ExitStatus.FINE if summary.passed else ExitStatus.NOT_MEASURED


def listed(summary: "HealthSummary") -> str:
    """One line a check, and its hint below where it has one."""
    lines = []
    for check in summary.checks:
        head = f"{check.outcome.value.replace('_', ' '):<14} {check.id:<16} "
        lines.append(filled(head, check.detail))
        if check.hint and check.outcome.value not in ("pass", "not_applicable"):
            lines.append(filled(f"{'':<14} hint: ", check.hint))
    return "\n".join([*lines, "", "ready" if summary.passed else "not ready"])
