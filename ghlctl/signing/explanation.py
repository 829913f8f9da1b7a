"""Why a signature does not hold: what receivers get wrong is tried until one of it is proven."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ghlctl.model.delivery import Headers, first_header
from ghlctl.signing.causes import causes
from ghlctl.signing.cut import may_be_cut
from ghlctl.signing.header import UNSIGNED
from ghlctl.signing.scheme import Rejection, Scheme
from ghlctl.signing.subject import Explanation, Named, Subject, judge


def explain(
    subject: Subject,
    scheme: Scheme,
    trusted: Sequence[Named],
    *,
    others: Sequence[Named] = (),
    schemes: Mapping[str, Scheme],
    now: float,
    tolerance: float | None,
) -> Explanation:
    """`others` are keys that the receiver does not trust; `tolerance` in seconds, None for any age.

    Raise UsageError where the scheme covers the URL and the subject has none.
    """
    for one in trusted:
        rejection = judge(subject, scheme, one.key, now=now, tolerance=tolerance)
        if rejection is None:
            return Explanation(None, "holds", True, f"the signature holds with {one.name}")
        if rejection in (Rejection.TOO_OLD, Rejection.TOO_NEW):
            return _untimely(rejection, tolerance)
    reason = _reason(subject, scheme, trusted)
    for found in causes(subject, scheme, trusted, others, schemes):
        return replace(found, rejection=reason)
    return _unproven(subject, scheme, trusted, reason, schemes)


def _reason(subject: Subject, scheme: Scheme, trusted: Sequence[Named]) -> Rejection:
    reasons = [judge(subject, scheme, one.key) for one in trusted]
    return next((one for one in reasons if one), Rejection.MISMATCH)


def _untimely(rejection: Rejection, tolerance: float | None) -> Explanation:
    bound = f"{tolerance:g} s" if tolerance is not None else "the tolerance"
    words = "older than" if rejection is Rejection.TOO_OLD else "further in the future than"
    return Explanation(
        rejection,
        "stale" if rejection is Rejection.TOO_OLD else "early",
        True,
        f"the signature holds, but its time is {words} {bound}",
        "is the receiver's clock set by NTP? --tolerance 0 judges no age",
    )


def _is_there(headers: Headers, scheme: Scheme) -> bool:
    return bool(scheme.headers) and all(first_header(headers, name) for name in scheme.headers)


def _unproven(
    subject: Subject,
    scheme: Scheme,
    trusted: Sequence[Named],
    reason: Rejection,
    schemes: Mapping[str, Scheme],
) -> Explanation:
    name = scheme.headers[0] if scheme.headers else ""
    value = first_header(subject.headers, name)
    match reason:
        case Rejection.MISSING_HEADER if value == UNSIGNED:
            text = f"{name} says {UNSIGNED}: the platform did not sign this delivery"
            return Explanation(reason, "unsigned", True, text, "refuse it as unsigned")
        case Rejection.MISSING_HEADER:
            text = f"a header of scheme {scheme.name} is missing: {', '.join(scheme.headers)}"
            there = [one.name for one in schemes.values() if _is_there(subject.headers, one)]
            hint = f"it carries what {' or '.join(there)} would" if there else _HEADERS_HINT
            return Explanation(reason, "missing-header", True, text, hint)
        case Rejection.MALFORMED:
            text = f"{name} is no signature of scheme {scheme.name}: {len(value or '')} characters"
            hint = "was it cut off, or is it another header's value? the private key tells which"
            cut = any(may_be_cut(value or "", one.key) for one in trusted)
            cause = "truncated-signature" if cut else "malformed"
            return Explanation(reason, cause, False, text, hint)
        case Rejection.UNKNOWN_VERSION:
            text = f"{name} is of a version that scheme {scheme.name} does not know"
            return Explanation(reason, "unknown-version", True, text, "is it the right scheme?")
        case _:
            text = "the signature is well formed, but is not of this body by this key"
            hint = "another key, or a body that was changed in transit: neither can be told apart"
            return Explanation(reason, "mismatch", False, text, hint)


_HEADERS_HINT = "did a proxy drop it, or is it another scheme? ghlctl keys schemes lists them"
