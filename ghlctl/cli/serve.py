"""ghlctl serve: the embedded receiver, and its upstream unless another is named."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.output import Format, emit
from ghlctl.errors import ExitStatus

if TYPE_CHECKING:
    from ghlctl.reference.profile import Profile
    from ghlctl.reference.tenants import Tenants


def serve(
    profile: Annotated[str, typer.Option("--profile", help="baseline or optimized.")] = "optimized",
    switches: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SWITCH=VALUE", help="Turn one switch; repeatable."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = 8700,
    upstream: Annotated[
        str | None, typer.Option("--upstream", metavar="URL", help="Call this upstream instead.")
    ] = None,
    upstream_port: Annotated[
        int,
        typer.Option("--upstream-port", min=0, max=65535, help="Where its own upstream listens."),
    ] = 8701,
    rtt: options.RoundTrip = None,
    latency: options.ServiceTime = None,
    faults: options.Faults = None,
    oauth: options.OAuth = False,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            help="sqlite:///PATH or postgresql://…, or env:NAME; else in --state.",
        ),
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option("--cache", metavar="URL", help="redis://…, or env:NAME where that stands."),
    ] = None,
    state: Annotated[
        str, typer.Option("--state", metavar="DIR", help="The state folder.")
    ] = ".ghlctl",
    scheme: Annotated[str, typer.Option("--scheme", help="How deliveries are signed.")] = "ghl",
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="REF", help="The key it trusts; else a test key is made."),
    ] = None,
    key_overlap: Annotated[
        str,
        typer.Option(
            "--key-overlap",
            metavar="TIME",
            help="How long a key holds on whose --key file was replaced.",
        ),
    ] = "1h",
    app_ids: Annotated[
        list[str] | None,
        typer.Option("--app-id", metavar="ID", help="Act only on events of this app; repeatable."),
    ] = None,
    companies: Annotated[
        list[str] | None,
        typer.Option("--company", metavar="ID", help="… of this agency; repeatable."),
    ] = None,
    locations: Annotated[
        list[str] | None,
        typer.Option(
            "--location",
            metavar="ID",
            help="… of this location; repeatable. All three also as env:NAME or file:PATH.",
        ),
    ] = None,
    compliance_key: Annotated[
        str | None,
        typer.Option(
            "--compliance-key",
            metavar="REF",
            help="Of pseudonyms and the audit log; else one is made in --state.",
        ),
    ] = None,
    audit_log: Annotated[
        str | None,
        typer.Option("--audit-log", metavar="FILE", help="Else audit.jsonl in --state."),
    ] = None,
    opt_out_field: Annotated[
        list[str] | None,
        typer.Option(
            "--opt-out-field",
            metavar="NAME=VALUE",
            help="A contact with this custom field opted out; != for one without. Repeatable.",
        ),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="How it says where it listens.")
    ] = Format.TEXT,
    supervised: Annotated[
        bool,
        typer.Option(
            "--supervised", help="Start it again when it dies; nobody is refused meanwhile."
        ),
    ] = False,
    listen_fd: Annotated[int | None, typer.Option("--listen-fd", hidden=True)] = None,
    exit_with_parent: Annotated[bool, typer.Option("--exit-with-parent", hidden=True)] = False,
) -> int:
    """Run the embedded receiver until it is interrupted."""
    import os
    import socket

    from ghlctl.cli.processes import die_with_parent
    from ghlctl.cli.trusting import trusted_at, trusted_in
    from ghlctl.reference.compliance.settings import compliance_key as compliance_secret
    from ghlctl.reference.compliance.settings import opt_out_fields
    from ghlctl.reference.profile import TenantCheck, profile_named, with_switches
    from ghlctl.reference.serve import ReceiverSettings, serve_receiver
    from ghlctl.reference.settings import with_cache
    from ghlctl.scenario.units import duration_s
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.health_token import health_token

    if exit_with_parent:
        die_with_parent()
    network = {"--rtt": rtt, "--latency": latency, "--faults": faults}
    if supervised:
        with _upstream_at(upstream, upstream_port, network, oauth=oauth) as (url, pid):
            words = ["--profile", profile, "--host", host, "--upstream", url, "--state", state]
            words += [word for switch in switches or [] for word in ("--set", switch)]
            words += ["--scheme", scheme, *_given("--key", key)]
            words += [*_given("--database", database), *_given("--cache", cache)]
            words += ["--key-overlap", key_overlap]
            words += [word for one in app_ids or [] for word in ("--app-id", one)]
            words += [word for one in companies or [] for word in ("--company", one)]
            words += [word for one in locations or [] for word in ("--location", one)]
            words += ["--oauth"] if oauth else []
            words += [*_given("--compliance-key", compliance_key)]
            words += [*_given("--audit-log", audit_log)]
            words += [word for one in opt_out_field or [] for word in ("--opt-out-field", one)]
            return _supervised(words, host, port, form, pid)
    cache = resolved(cache)
    chosen = with_switches(profile_named(profile), switches or [])
    chosen = with_cache(chosen, cache, switches or [])
    opt_outs = opt_out_fields(opt_out_field or [])
    secret = compliance_secret(compliance_key, Path(state)) if compliance_key else None
    tenants = _tenants(chosen, app_ids or [], companies or [], locations or [])
    trusted = (
        trusted_in(Path(state) / "keys", scheme_named(scheme))
        if key is None
        else trusted_at(key, overlap_s=duration_s(key_overlap))
    )
    served = _upstream_at(upstream, upstream_port, network, oauth=oauth)
    with served as (upstream_url, upstream_pid):

        def announce(listening: int) -> None:
            emit(
                _announcement(
                    form,
                    {
                        "url": f"http://{host}:{listening}/webhooks/ghl",
                        "upstream": upstream_url,
                        "profile": profile,
                        "scheme": scheme,
                        "key": trusted.signing_ref,
                        "key_signs": key is None or _signs(trusted.texts[0].text),
                        "any_tenant": tenants.everyone,
                        "tenants_checked": chosen.tenant_check is TenantCheck.ON,
                        "pid": os.getpid(),
                        "upstream_pid": upstream_pid,
                    },
                )
            )

        serve_receiver(
            ReceiverSettings(
                profile=chosen,
                host=host,
                port=port,
                upstream_url=upstream_url,
                database=resolved(database),
                cache=cache,
                scheme=scheme,
                key=trusted.texts[0].text,
                state_dir=Path(state),
                key_source=trusted.source,
                tenants=tenants,
                health_token=health_token(Path(state)),
                oauth=oauth,
                compliance_key=secret,
                audit_log=None if audit_log is None else Path(audit_log),
                opt_out_fields=opt_outs,
            ),
            announce=announce,
            listening=None if listen_fd is None else socket.socket(fileno=listen_fd),
        )
    return ExitStatus.FINE


def _tenants(
    profile: "Profile", app_ids: list[str], companies: list[str], locations: list[str]
) -> "Tenants":
    import os

    from ghlctl.errors import UsageError
    from ghlctl.reference.profile import TenantCheck
    from ghlctl.reference.tenants import Tenants, ids_from

    tenants = Tenants(
        ids_from("--app-id", app_ids, os.environ),
        ids_from("--company", companies, os.environ),
        ids_from("--location", locations, os.environ),
    )
    if profile.tenant_check is TenantCheck.OFF and not tenants.everyone:
        raise UsageError(
            "tenants are named, and the profile does not look at them", "--set tenant_check=on"
        )
    return tenants


def _supervised(
    words: list[str], host: str, port: int, form: Format, upstream_pid: int | None
) -> int:
    import os

    from ghlctl.cli.supervision import supervise
    from ghlctl.transport.serving import listen

    def announce(said: dict[str, object]) -> None:
        more = {"pid": os.getpid(), "receiver_pid": said["pid"], "upstream_pid": upstream_pid}
        emit(_announcement(form, said | more))

    with listen(host, port, "the receiver") as listening:
        return supervise(words, listening, announce)


def _given(flag: str, value: str | None) -> list[str]:
    return [] if value is None else [flag, value]


def resolved(place: str | None) -> str | None:
    """A URL with a password in it is better not given by flag, where every user can read it."""
    import os

    from ghlctl.store.keys import resolve_key

    if place is None or not place.startswith(("env:", "file:")):
        return place
    return resolve_key(place, os.environ).decode(errors="replace").strip()


@contextmanager
def _upstream_at(
    url: str | None, port: int, network: dict[str, float | None], *, oauth: bool
) -> Iterator[tuple[str, int | None]]:
    from ghlctl.cli.upstreams import upstream_process

    if url is not None:
        yield url, None
        return
    said = {flag: str(value) for flag, value in network.items() if value is not None}
    words = [word for pair in said.items() for word in pair] + (["--oauth"] if oauth else [])
    with upstream_process(port, words) as process:
        yield str(process.said["url"]), process.pid


def _signs(given: bytes) -> bool:
    """A public half verifies, and can sign nothing."""
    return b"PUBLIC KEY" not in given and not given.lstrip().startswith(b"whpk_")


def _announcement(form: Format, facts: dict[str, object]) -> str:
    import json

    if form is Format.JSON:
        return json.dumps(facts)
    tenants = f"\ntenants   any{': name yours with --app-id' if facts['tenants_checked'] else ''}"
    return (
        f"receiver  {facts['url']}  ({facts['profile']} profile, scheme {facts['scheme']})\n"
        f"upstream  {facts['upstream']}\n"
        f"sign with {'' if facts['key_signs'] else 'the private half of '}--key {facts['key']}"
        f"{tenants if facts['any_tenant'] else ''}"
    )
