"""What compliance is started with: its key, its audit log, and which fields are an opt-out."""

import os
from collections.abc import Sequence
from pathlib import Path

from ghlctl.errors import UsageError
from ghlctl.reference.compliance.consent import OptOutField
from ghlctl.reference.compliance.pseudonyms import KEY_FILE, ComplianceKey, key_from, key_in
from ghlctl.store.keys import resolve_key

AUDIT_LOG = "audit.jsonl"


def compliance_key(ref: str | None, state: Path) -> ComplianceKey:
    """The key that `ref` names, else the one in the state folder, made on first use."""
    return key_in(state) if ref is None else key_from(resolve_key(ref, os.environ))


def stored_key(ref: str | None, state: Path) -> ComplianceKey | None:
    """The same, but nothing is made: None where there is none."""
    return compliance_key(ref, state) if ref or (state / KEY_FILE).exists() else None


def opt_out_fields(texts: Sequence[str]) -> tuple[OptOutField, ...]:
    """`NAME=VALUE` opts out where the field holds the value, `NAME!=VALUE` where it does not."""
    return tuple(map(_opt_out_field, texts))


def _opt_out_field(text: str) -> OptOutField:
    name, equals, value = text.partition("=")
    negated = name.endswith("!")
    name = name.removesuffix("!").strip()
    if not equals or not name or not value.strip():
        raise UsageError(
            f"{text!r} names no field and value",
            "write it as do_not_sell=yes, or as marketing_consent!=yes",
        )
    return OptOutField(name, value.strip().casefold(), required=negated)
