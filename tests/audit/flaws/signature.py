"""Receivers whose one flaw is in how they verify signatures."""

import json
from dataclasses import replace

from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.scheme import Rejection
from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import Payload, Steps, verify_signature, write


def accepts_the_unsigned(steps: Steps) -> Steps:
    """Verifies a signature where there is one."""

    def verify(steps: Steps, body: bytes, headers: Headers) -> Rejection | None:
        rejection = verify_signature(steps, body, headers)
        bare = first_header(headers, steps.scheme.headers[0]) is None
        return None if bare and rejection is Rejection.MISSING_HEADER else rejection

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


UNSIGNED = dict.fromkeys(
    ("SIG-01", "SIG-02", "SIG-22", "SIG-24", "SIG-25", "SIG-26", "SIG-31"), FAIL
)
BARE = {check: outcome for check, outcome in UNSIGNED.items() if check != "SIG-02"}
IN_EVERY_FORM = "what comes without a signature comes so in every form, misplaced and hidden too"
MALFORMED = dict.fromkeys(
    ("SIG-02", "SIG-03", "SIG-05", "SIG-06", "SIG-13", "SIG-14", "SIG-19"), FAIL
)
OF_NO_SHAPE = "empty, cut, lengthened and joined signatures are all of no shape, as garbage is"
MISMATCHED = dict.fromkeys(
    (
        *("SIG-03", "SIG-04", "SIG-05", "SIG-07", "SIG-08", "SIG-09", "SIG-11", "SIG-12"),
        *("SIG-14", "SIG-15", "SIG-16", "SIG-18", "SIG-19", "SIG-26"),
    ),
    FAIL,
)

FLAWS = (
    Flaw("unsigned", "ghl", accepts_the_unsigned, BARE | {"SIG-15": FAIL}, IN_EVERY_FORM),
    Flaw("unsigned", "ghl-legacy", accepts_the_unsigned, BARE, IN_EVERY_FORM),
    Flaw("unsigned", "hmac-timestamp", accepts_the_unsigned, BARE, IN_EVERY_FORM),
    Flaw("not-available", "ghl", takes_not_available_for_consent, {"SIG-01": FAIL}),
    Flaw("lying-status", "ghl", answers_401_and_acts, UNSIGNED | {"SIG-15": FAIL}, IN_EVERY_FORM),
    Flaw("fails-open", "ghl", lets_errors_through, MALFORMED, OF_NO_SHAPE),
    Flaw("fails-open", "ghl-legacy", lets_errors_through, MALFORMED, OF_NO_SHAPE),
    Flaw(
        "shape-only",
        "ghl",
        looks_only_at_the_shape,
        MISMATCHED | {"SIG-27": WARN},
        "random bytes, a stranger's signature and an altered body all differ in nothing else",
    ),
    Flaw(
        "first-document",
        "ghl",
        verifies_the_first_document,
        {"SIG-08": FAIL, "SIG-09": FAIL, "SIG-10": FAIL, "SIG-27": WARN, "RES-10": WARN},
        "it parses to find an end, at a stranger's wish: line ends after it are overlooked, signed "
        "or not, and what has no end breaks it",
    ),
    Flaw("one-byte", "hmac-timestamp", verifies_all_but_a_byte, {"SIG-08": FAIL}),
)
