"""What an audit is given: keys, an oracle, and the needs that are satisfied by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ghlctl.audit.canary import fresh_canary
from ghlctl.audit.logs import Logs
from ghlctl.audit.needs import Need
from ghlctl.audit.receiver import AuditedReceiver, Bounds, HookName
from ghlctl.audit.witness import (
    LedgerWitness,
    Witness,
    by_command,
    by_log,
    by_state,
    require_honest,
)
from ghlctl.errors import KeyMaterialError, UsageError
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.scheme import Scheme, SigningKey, VerifyingKey
from ghlctl.transport.ledger import Ledger
from ghlctl.transport.reach import Reach
from ghlctl.transport.upstream_faults import can_fail


@dataclass(frozen=True, slots=True)
class Keys:
    """`public` is what the receiver holds, if anything tells; its text as PEM or secret."""

    signing: SigningKey | None
    second: SigningKey | None
    public: VerifyingKey | None
    public_text: bytes


def keys_of(receiver: AuditedReceiver) -> Keys:
    """KeyMaterialError for a text that is no key of the scheme."""
    scheme = scheme_named(receiver.scheme)
    signing = None if receiver.key is None else scheme.read_signing_key(receiver.key)
    second = receiver.means.second_key
    text = receiver.means.public_key or receiver.key
    public = None if text is None else scheme.read_verifying_key(text)
    return Keys(
        signing,
        None if second is None else _second(scheme, second, receiver.key),
        public,
        _public_text(public),
    )


def _second(scheme: Scheme, text: bytes, first: bytes | None) -> SigningKey:
    if text.strip() == (first or b"").strip():
        raise KeyMaterialError(
            "the second key is the first one", "ghlctl keys generate makes another"
        )
    return scheme.read_signing_key(text)


def _public_text(public: VerifyingKey | None) -> bytes:
    """PEM of a public key; nothing for a shared secret, which is no public text."""
    if public is None or isinstance(public, bytes):
        return b""
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def witness_of(
    receiver: AuditedReceiver, bounds: Bounds, reach: Reach, logs: Logs | None, *, random: Random
) -> Witness | None:
    """The best one that the order names; asked once before anything is sent.

    NotMeasuredError where it cannot be read or tells of what never happened.
    """
    means = receiver.means
    if receiver.upstream_url is not None:
        ledger = LedgerWitness(Ledger(reach, receiver.upstream_url))
        ledger.fresh(())  # skips what happened before this audit, and shows that there is a ledger
        return ledger
    witness: Witness | None = None
    if means.probe_cmd:
        witness = by_command(means.probe_cmd, timeout_s=bounds.command_s)
    elif means.state_url:
        witness = by_state(reach, means.state_url)
    elif means.acted_pattern:
        if logs is None:
            raise UsageError("acted_pattern needs a log to look in", "add --log FILE")
        witness = by_log(logs, means.acted_pattern)
    if witness is not None:
        require_honest(witness, fresh_canary(random))
    return witness


def given_by(receiver: AuditedReceiver, reach: Reach | None, *, listens: bool) -> frozenset[Need]:
    """The needs that are satisfied; without `reach` nothing is asked of the upstream."""
    listener = frozenset({Need.LISTENER} if listens else ())
    return listener.union(_given(receiver, reach))


def _given(receiver: AuditedReceiver, reach: Reach | None) -> Iterator[Need]:
    means = receiver.means
    hooks = {
        Need.RESTART: HookName.RESTART,
        Need.RESTART_WITHOUT_KEY: HookName.RESTART_WITHOUT_KEY,
        Need.ROTATE: HookName.ROTATE,
        Need.REVOKE: HookName.REVOKE,
    }
    upstream = receiver.upstream_url
    said = {
        Need.KEY: receiver.key is not None,
        Need.PUBLIC_KEY: bool(keys_of(receiver).public_text),
        Need.SECOND_KEY: means.second_key is not None,
        Need.UPSTREAM: upstream is not None,
        Need.FAULTS: upstream is not None and (reach is None or can_fail(reach, upstream)),
        Need.ORACLE: upstream is not None
        or any((means.probe_cmd, means.state_url, means.acted_pattern)),
        Need.LOG: bool(means.logs),
        Need.STORE: bool(means.store_cmd),
        Need.OLDEST: bool(means.oldest_cmd),
        Need.RETENTION: means.retention_days is not None,
        Need.SOURCE: means.source is not None,
        Need.INTRUSIVE: means.intrusive,
        Need.TIMING: means.timing,
        **{need: bool(means.hooks.get(name)) for need, name in hooks.items()},
    }
    yield from (need for need, given in said.items() if given)
