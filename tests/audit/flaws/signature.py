"""Receivers whose one flaw is in how they verify signatures."""

import json
from dataclasses import replace

from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, Flaw
from tests.audit.receivers import Payload, Steps, verify_signature, write


def accepts_the_unsigned(steps: Steps) -> Steps:
    """Verifies a signature where there is one."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        return None if rejection is Rejection.MISSING_HEADER else rejection

    return replace(steps, verify=verify)


def takes_not_available_for_consent(steps: Steps) -> Steps:
    """Skips verification for the platform's literal N/A."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        if first_header(headers, steps.scheme.headers[0]) == "N/A":
            return None
        return verify_signature(steps, body, headers)

    return replace(steps, verify=verify)


def answers_401_and_acts(steps: Steps) -> Steps:
    """Its status says refused, its upstream says otherwise."""

    async def act_anyway(steps: Steps, body: bytes, rejection: Rejection) -> None:
        if rejection is Rejection.MISSING_HEADER:
            await write(steps, json.loads(body))

    return replace(steps, before_refusing=act_anyway)


def lets_errors_through(steps: Steps) -> Steps:
    """Fails open where the signature cannot be decoded."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        return None if rejection is Rejection.MALFORMED else rejection

    return replace(steps, verify=verify)


def looks_only_at_the_shape(steps: Steps) -> Steps:
    """Takes 64 bytes in base64 for a signature."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        return None if rejection is Rejection.MISMATCH else rejection

    return replace(steps, verify=verify)


def verifies_the_first_document(steps: Steps) -> Steps:
    """Verifies what it parsed, and overlooks what follows it in the body."""

    def first(body: bytes) -> tuple[Payload, bytes]:
        text = body.decode()
        payload, end = json.JSONDecoder().raw_decode(text)
        return payload, text[:end].encode()

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        return verify_signature(steps, first(body)[1], headers)

    return replace(steps, verify=verify, parse=lambda body: first(body)[0])


def verifies_all_but_a_byte(steps: Steps) -> Steps:
    """Normalises the case of an address before it verifies."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        if rejection is not Rejection.MISMATCH:
            return rejection
        return verify_signature(steps, body.replace(b"Ghlctl", b"ghlctl"), headers)

    return replace(steps, verify=verify)


def inverted(steps: Steps) -> Steps:
    """Refuses the missing, the empty and the genuine; accepts every forgery."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        match verify_signature(steps, body, headers):
            case None:
                return Rejection.MISMATCH
            case Rejection.MISSING_HEADER:
                return Rejection.MISSING_HEADER
            case _:
                return None

    return replace(steps, verify=verify)


FLAWS = (
    Flaw("unsigned", "ghl", accepts_the_unsigned, {"SIG-01": FAIL}),
    Flaw("unsigned", "ghl-legacy", accepts_the_unsigned, {"SIG-01": FAIL}),
    Flaw("unsigned", "hmac-timestamp", accepts_the_unsigned, {"SIG-01": FAIL}),
    Flaw("not-available", "ghl", takes_not_available_for_consent, {"SIG-01": FAIL}),
    Flaw("lying-status", "ghl", answers_401_and_acts, {"SIG-01": FAIL}),
    Flaw("fails-open", "ghl", lets_errors_through, {"SIG-03": FAIL}),
    Flaw("fails-open", "ghl-legacy", lets_errors_through, {"SIG-03": FAIL}),
    Flaw(
        "shape-only",
        "ghl",
        looks_only_at_the_shape,
        {"SIG-03": FAIL, "SIG-04": FAIL, "SIG-08": FAIL},
        "random bytes, a stranger's signature and an altered body all differ in nothing else",
    ),
    Flaw("first-document", "ghl", verifies_the_first_document, {"SIG-08": FAIL}),
    Flaw("one-byte", "hmac-timestamp", verifies_all_but_a_byte, {"SIG-08": FAIL}),
)
