"""Receivers whose one flaw is in what their address offers beside the webhook."""

from collections.abc import Callable
from dataclasses import replace

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.audit.flaws.flaw import FAIL, WARN, Flaw
from tests.audit.receivers import Steps

Headed = Callable[[Request, MutableHeaders], None]


def headed(change: Headed) -> Callable[[Steps], Steps]:
    """Changes the headers of every reply."""

    def around(app: ASGIApp) -> ASGIApp:
        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    change(Request(scope), MutableHeaders(scope=message))
                await send(message)

            await app(scope, receive, sent)

        return asked

    return lambda steps: replace(steps, around=around)


def lets_every_origin_in(request: Request, headers: MutableHeaders) -> None:
    origin = request.headers.get("origin")
    if origin:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Allow-Credentials"] = "true"


def calls_json_html(_request: Request, headers: MutableHeaders) -> None:
    headers["Content-Type"] = "text/html; charset=utf-8"


def may_be_kept(_request: Request, headers: MutableHeaders) -> None:
    headers["Cache-Control"] = "public, max-age=600"


def links_to_claimed_host(request: Request, headers: MutableHeaders) -> None:
    host = request.headers.get("x-forwarded-host") or request.headers.get("host")
    headers["Link"] = f'<http://{host}/docs>; rel="help"'


def echoes_trace(steps: Steps) -> Steps:
    def around(app: ASGIApp) -> ASGIApp:
        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] != "TRACE":
                return await app(scope, receive, send)
            told = "\n".join(f"{name}: {value}" for name, value in Request(scope).headers.items())
            answer = PlainTextResponse(told, media_type="message/http")
            return await answer(scope, receive, send)

        return asked

    return replace(steps, around=around)


def leads_to_a_login(steps: Steps) -> Steps:
    """A framework's own guard stands before the webhook, and sends strangers to a form."""

    def around(app: ASGIApp) -> ASGIApp:
        async def asked(scope: Scope, receive: Receive, send: Send) -> None:
            header = steps.scheme.headers[0]
            if Request(scope).headers.get(header):
                return await app(scope, receive, send)
            return await RedirectResponse("/login", 302)(scope, receive, send)

        return asked

    return replace(steps, around=around)


FLAWS = (
    Flaw("lets-every-origin-in", "ghl", headed(lets_every_origin_in), {"NET-07": FAIL}),
    Flaw("calls-json-html", "ghl", headed(calls_json_html), {"NET-06": WARN}),
    Flaw("may-be-kept", "hmac-timestamp", headed(may_be_kept), {"NET-06": WARN}),
    Flaw("echoes-trace", "ghl", echoes_trace, {"NET-08": FAIL}),
    Flaw("links-to-claimed-host", "ghl", headed(links_to_claimed_host), {"NET-09": WARN}),
    Flaw("leads-to-a-login", "ghl", leads_to_a_login, {"NET-10": WARN}),
)
