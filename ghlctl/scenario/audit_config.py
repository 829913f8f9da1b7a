"""The audit section of ghlctl.yaml: what the audit is given beside the receiver."""

from typing import Annotated

from msgspec import Meta, Struct, structs

from ghlctl.scenario.bounds import check_key
from ghlctl.scenario.document import Document

_Command = Annotated[
    str, Meta(description="Run without a shell; {canary}, {contact} and {email} are filled in")
]


class HooksConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Commands that return when it is done, and the receiver listens again."""

    restart: str = ""
    restart_without_key: str = ""
    rotate: Annotated[str, Meta(description="Trust the second key beside the first")] = ""
    revoke: Annotated[str, Meta(description="Trust the first key no longer")] = ""


class AuditConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """Each line opens some checks. Keys are references; paths count from the file's folder."""

    logs: Annotated[list[str], Meta(description="The receiver's log files")] = []
    probe_cmd: _Command = ""
    state_url: Annotated[
        str, Meta(description="Answers 2xx with a mark in it where the receiver has acted")
    ] = ""
    acted_pattern: Annotated[
        str, Meta(description="A regular expression for the log line of an act")
    ] = ""
    store_cmd: _Command = ""
    oldest_cmd: Annotated[
        str, Meta(description="Run without a shell; prints times of what is kept, one a line")
    ] = ""
    hooks: HooksConfig = HooksConfig()
    second_key: str = ""
    public_key: str = ""
    source: Annotated[str, Meta(description="The folder of the receiver's source")] = ""
    intrusive: bool = False
    timing: bool = False
    requests_per_s: Annotated[float, Meta(gt=0, le=1000)] | None = None
    max_requests: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    rate_limit_per_s: Annotated[float, Meta(gt=0, description="The declared limit")] | None = None
    retention_days: Annotated[float, Meta(ge=0, description="The declared retention")] | None = None
    needed_fields: Annotated[
        list[str], Meta(description="Personal details that the receiver's purpose needs")
    ] = []


def check_audit(document: Document, audit: AuditConfig) -> AuditConfig:
    """Raise UsageError with its place for a key that is no reference."""
    for name in ("second_key", "public_key"):
        reference = structs.asdict(audit)[name]
        if reference:
            with document.at("audit", name):
                check_key(reference)
    return audit
