"""The upstream against its own specification, asked by schemathesis: what is allowed and what not.

Its reading of the specification is another than ours, so each checks the other: a request that
fits is served, one that does not is refused, and every answer has the shape that is promised.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi import checks

from ghlctl.upstream.app import make_app
from ghlctl.upstream.ledger import Ledger
from ghlctl.upstream.settings import UpstreamSettings
from ghlctl.upstream.specification import highlevel

BOUNDLESS = 10**9
TOKEN = {"Authorization": "Bearer pit-of-any-location", "Version": "2021-07-28"}
ALWAYS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
NEAR = UpstreamSettings(
    rtt_ms=0, setup_rtts=0, service_ms=0, limit=BOUNDLESS, limit_daily=BOUNDLESS
)
SCHEMA = schemathesis.openapi.from_asgi(
    "/_ghlctl/openapi.json", make_app(NEAR, Ledger(1000, BOUNDLESS))
)
OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (one.ok() for one in SCHEMA.get_all_operations() if isinstance(one, Ok))
}
FEW = settings(
    max_examples=4,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def in_the_body(case: Any) -> bool:
    """Where the body is wrong; headers are ours, and HighLevel takes queries it does not know."""
    body = case.meta.components.get(ParameterLocation.BODY)
    return body is not None and body.mode is GenerationMode.NEGATIVE


def asked_for(name: str, mode: GenerationMode) -> st.SearchStrategy[Any]:
    return OPERATIONS[name].as_strategy(generation_mode=mode)


def test_every_operation_is_asked_for() -> None:
    assert len(OPERATIONS) == len(highlevel().operations)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if " /oauth/" not in name])
def test_what_the_specification_allows_is_served(name: str) -> None:
    @seed(1)
    @FEW
    @given(asked_for(name, GenerationMode.POSITIVE))
    def ask(case: Any) -> None:
        case.call_and_validate(headers=TOKEN, checks=[*ALWAYS, checks.positive_data_acceptance])

    ask()


@pytest.mark.parametrize("name", [n for n, each in OPERATIONS.items() if len(each.body)])
def test_a_body_that_it_forbids_is_refused(name: str) -> None:
    @seed(1)
    @FEW
    @given(asked_for(name, GenerationMode.NEGATIVE).filter(in_the_body))
    def ask(case: Any) -> None:
        case.call_and_validate(headers=TOKEN, checks=[*ALWAYS, checks.negative_data_rejection])

    ask()
