import pytest

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Delivery
from ghlctl.model.sample import ErrorKind
from ghlctl.transport.attempt import Failure
from ghlctl.transport.probe import Ready, health
from ghlctl.transport.push import push
from ghlctl.transport.reach import Reach
from ghlctl.transport.sendable import require_sendable

REFUSED = [
    ("Content-Length", "5"),
    ("transfer-encoding", "chunked"),
    ("Connection", "close"),
    ("X-\u00dc", "hidden"),
    ("X A", "hidden"),
    ("", "hidden"),
    ("X-A", "hidden\r\nX-B: c"),
    ("X-A", "hidden\x00"),
]
URL = "http://127.0.0.1:1/"


@pytest.mark.parametrize("header", REFUSED)
def test_a_header_that_would_break_the_request_is_refused(header: tuple[str, str]) -> None:
    with pytest.raises(UsageError) as refused:
        require_sendable((header,))
    assert "hidden" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("header", REFUSED)
def test_a_request_that_cannot_be_sent_is_a_failure_and_no_traceback(
    header: tuple[str, str],
) -> None:
    delivery = Delivery("1", "t", b"body", (header,))
    with Reach(timeout_s=2) as reach:
        answer = reach.send(URL, delivery)
    for one in (answer, push(URL, delivery).answer):
        assert isinstance(one, Failure)
        assert one.kind is ErrorKind.PROTOCOL
        assert one.text.startswith("this request cannot be sent: ")


def test_the_headers_of_the_scheme_in_use_are_its_own() -> None:
    own = (("x-ghl-signature", "mine"),)
    require_sendable(own)
    with pytest.raises(UsageError, match="written by the scheme"):
        require_sendable(own, signed=("X-GHL-Signature",))


def test_usual_headers_pass() -> None:
    require_sendable((("Authorization", "Bearer a=b"), ("X-Name", "\u00eb"), ("X-Name", "")))


def test_health_refuses_them_before_anything_is_asked() -> None:
    forgery = Delivery("1", "t", b"body", ())
    with pytest.raises(UsageError, match="content-length"):
        health(Ready(URL, forgery, headers=(("content-length", "5"),)))
