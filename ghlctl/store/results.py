"""Single results in files of their own: what --output wrote, or a baseline kept in a repository."""

from pathlib import Path

import msgspec

from ghlctl.errors import StoreError
from ghlctl.model.estimate import CompareSummary
from ghlctl.model.finding import AuditSummary
from ghlctl.model.health import HealthSummary
from ghlctl.model.run import SCHEMA_VERSION
from ghlctl.model.summary import LoadSummary

Result = LoadSummary | AuditSummary | HealthSummary | CompareSummary

_KNOWN_BY: tuple[tuple[str, type[Result]], ...] = (
    ("response_time_ms", LoadSummary),
    ("score_low", AuditSummary),
    ("metrics", CompareSummary),
    ("checks", HealthSummary),
)
"""A key that only one kind of result has; the first that is there decides."""


def read_result(path: Path) -> Result:
    """Raise StoreError for what is no result, or one of a schema version that is not known."""
    try:
        content = path.read_bytes()
        fields = msgspec.json.decode(content, type=dict[str, object])
    except OSError as fault:
        raise StoreError(f"{path} cannot be read: {fault.strerror}", "check its name") from None
    except msgspec.MsgspecError as fault:
        raise StoreError(f"{path} is no result of ghlctl: {fault}", _HINT) from None
    version = fields.get("schema_version")
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {version}, this is {SCHEMA_VERSION}",
            "read it with the ghlctl version that wrote it, or measure it again",
        )
    kind = next((kind for key, kind in _KNOWN_BY if key in fields), None)
    if kind is None:
        raise StoreError(f"{path} is no result of ghlctl", _HINT)
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as fault:
        raise StoreError(f"{path} is damaged: {fault}", "measure again") from None


_HINT = "name a run, its summary.json or findings.json, or what compare or health wrote as JSON"
