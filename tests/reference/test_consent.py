"""What counts as an opt-out, by do-not-disturb and by custom fields that a setting names."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghlctl.errors import UsageError
from ghlctl.reference.compliance.consent import OptedOutError, Rule, Stated, opted_out, stated_in
from ghlctl.reference.compliance.settings import opt_out_fields

SELL = opt_out_fields(["do_not_sell=yes"])
CONSENT = opt_out_fields(["marketing_consent!=yes"])


def channels(*statuses: str) -> dict[str, Any]:
    return {f"channel {n}": {"status": status} for n, status in enumerate(statuses)}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (Stated(), None),
        (Stated(dnd=True), True),
        (Stated(dnd=False), False),
        (Stated(dnd="true"), True),
        (Stated(dnd=1), None),
        (Stated(dndSettings=channels("active", "permanent")), True),
        (Stated(dndSettings=channels("active", "inactive")), False),
        (Stated(dnd=True, dndSettings=channels("inactive")), True),
        (Stated(dnd=False, dndSettings=channels("active")), True),
        (Stated(dndSettings={}), None),
        (Stated(dndSettings=["active"]), None),
        (Stated(dndSettings={"SMS": "active"}), False),
    ],
)
def test_do_not_disturb_is_for_all_channels_or_none(stated: Stated, expected: object) -> None:
    assert opted_out(stated, (), whole=False) is expected


@pytest.mark.parametrize(
    ("fields", "custom", "expected"),
    [
        (SELL, [{"id": "do_not_sell", "value": "Yes "}], True),
        (SELL, [{"key": "do_not_sell", "field_value": ["no", "yes"]}], True),
        (SELL, [{"id": "do_not_sell", "value": "no"}], False),
        (SELL, [{"id": "other", "value": "yes"}], False),
        (SELL, None, None),
        (CONSENT, [{"id": "marketing_consent", "value": "yes"}], False),
        (CONSENT, [{"id": "marketing_consent", "value": "no"}], True),
        (CONSENT, [{"id": "marketing_consent"}], True),
        (CONSENT, [], True),
        (CONSENT, None, None),
        (opt_out_fields(["sold=true"]), [{"id": "sold", "value": True}], True),
    ],
)
def test_a_field_opts_out_by_its_value(fields: Any, custom: Any, expected: object) -> None:
    assert opted_out(Stated(customFields=custom), fields, whole=False) is expected


def test_a_contact_without_the_consent_that_is_required_opted_out() -> None:
    assert opted_out(Stated(), CONSENT, whole=True) is True
    with pytest.raises(OptedOutError):
        Rule(True, CONSENT).require(Stated(dnd=False))
    Rule(False, CONSENT).require(Stated(dnd=True))
    Rule(True, SELL).require(Stated(dnd=False))


@given(st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=5))
def test_no_shape_of_a_field_is_an_error(shape: Any) -> None:
    for name in ("dnd", "dndSettings", "customFields"):
        for value in (shape, {"a": shape}, [{"id": "do_not_sell", "value": shape}]):
            said = Rule(True, (*SELL, *CONSENT)).said_in(msgspec.json.encode({name: value}))
            assert said in (True, False, None)


@pytest.mark.parametrize("body", [b"", b"[]", b"[" * 5000, b"\xff", b"{"])
def test_a_body_that_cannot_be_read_says_nothing(body: bytes) -> None:
    assert stated_in(body) == Stated()


@pytest.mark.parametrize("text", ["do_not_sell", "=yes", "do_not_sell=", "!=yes", ""])
def test_a_setting_without_field_and_value_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        opt_out_fields([text])
    assert refused.value.hint == "write it as do_not_sell=yes, or as marketing_consent!=yes"
