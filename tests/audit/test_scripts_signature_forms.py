"""Every flawed way of verifying trips its check about signatures, and no other."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ghlctl.model.finding import AuditSummary, Confidence, Outcome
from tests.audit.book import upstream_app
from tests.audit.conftest import KEYS, Audit
from tests.audit.flaws.signature_forms import FORMS, Form
from tests.audit.flaws.signature_libraries import CORRECT
from tests.audit.receivers import PATH, steps_for
from tests.audit.street import Street

UNTOLD = (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE, Outcome.SKIP)
EVERYONE = (*CORRECT, *FORMS)


def key_of(form: Form) -> str:
    return f"{form.name}-{form.scheme}"


@pytest.fixture(scope="module")
def audited(street: Street, audit: Audit) -> dict[str, AuditSummary]:
    def one(form: Form) -> AuditSummary:
        own = street.app(upstream_app())
        url = street.app(form.app(steps_for(form.scheme, KEYS[form.scheme], own))) + PATH
        return audit(url, form.scheme, upstream_url=own, scope=frozenset({"signature"}))

    with ThreadPoolExecutor(max_workers=6) as pool:
        return dict(zip(map(key_of, EVERYONE), pool.map(one, EVERYONE), strict=True))


@pytest.mark.parametrize("form", CORRECT, ids=key_of)
def test_a_correct_receiver_by_anybodys_library_trips_nothing(
    form: Form, audited: dict[str, AuditSummary]
) -> None:
    found = audited[key_of(form)].checks
    assert {one.id: one.reason for one in found if one.outcome not in UNTOLD} == {}


@pytest.mark.parametrize("form", FORMS, ids=key_of)
def test_a_flawed_way_of_verifying_trips_its_check_and_no_other(
    form: Form, audited: dict[str, AuditSummary]
) -> None:
    found = audited[key_of(form)].checks
    assert {one.id: one.outcome for one in found if one.outcome not in UNTOLD} == dict(form.trips)
    assert bool(form.because) == (len(form.trips) > 1)
    for one in found:
        if one.outcome is Outcome.FAIL and one.confidence is Confidence.CONFIRMED:
            assert any(exchange.effects for exchange in one.evidence)
            assert "3 of 3" in one.reason
