"""From orders to signed requests: made events and captured deliveries, each with its trace."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

from ghlctl.load.address import Address, address_of, request_bytes
from ghlctl.load.identity import delivery_ids
from ghlctl.load.plan import LoadPlan
from ghlctl.load.schedule import (
    event_names,
)
from ghlctl.load.stencil import SPARE, Marks, Stencil, mark
from ghlctl.load.tape import Tape, open_tape
from ghlctl.model.delivery import Delivery, Event, Headers
from ghlctl.model.trace import HEADER as TRACE_HEADER
from ghlctl.model.trace import traceparent
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import deliver
from ghlctl.providers.provider import CONTACTS, LOCATIONS, EventSource
from ghlctl.providers.tenancy import location_of
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP, SIGNATURE_HEADER, TIMESTAMP_HEADER
from ghlctl.signing.scheme import Request, Scheme, SigningKey
from ghlctl.store.keys import resolve_key
from ghlctl.transport.capture import Captured
from ghlctl.transport.replay import replayed

_SPARES = 4  # per event type

_ids = delivery_ids()


def fresh_id() -> str:
    return next(_ids).decode()


@dataclass(frozen=True, slots=True)
class Order:
    """One delivery to be made; `at`: unix seconds, its intended moment."""

    event: str
    at: float
    delivery_id: str


@dataclass(frozen=True, slots=True)
class Copy:
    """One captured delivery to be signed anew at unix second `at`.

    `row` counts in the tape. `happened_at`: when the delivery first came, which its body says.
    """

    row: int
    at: float
    happened_at: float
    delivery_id: str


class Made(NamedTuple):
    """A finished request; `location` counts from 1 in the run's locations."""

    location: int
    request: bytes


@dataclass(frozen=True, slots=True)
class Workshop:
    """Turns orders into request bytes; asymmetric signatures are made on several threads.

    `locations`: their numbers by name, from 1 on.
    """

    address: Address
    events: tuple[str, ...]
    source: EventSource
    moment: Callable[[float], str]
    scheme: Scheme
    key: SigningKey
    extra: tuple[tuple[str, str], ...]
    request: Request
    threads: ThreadPoolExecutor | None
    tape: Tape
    locations: Mapping[str, int]

    def make(self, orders: Sequence[Order | Copy]) -> list[Made]:
        """In the same order: events come one after another, for the seed's sake."""
        made = [(self._content(order), order) for order in orders]
        if self.threads is None:
            return [self._finish(each) for each in made]
        return list(self.threads.map(self._finish, made))

    def stencil(self, order: Order, *, segment: int, event: int) -> Stencil | None:
        """The same delivery with its holes marked; None for a scheme that signs each one whole."""
        if self.scheme.name != HMAC_TIMESTAMP.name:
            return None
        made = self._event(order)
        delivery = deliver(
            made,
            self.scheme,
            self.key,
            at=order.at,
            delivery_id=order.delivery_id,
            extra=self._extra(order),
        )
        signature = delivery.header(SIGNATURE_HEADER)
        second = delivery.header(TIMESTAMP_HEADER)
        if signature is None or second is None:
            return None
        trace = traceparent(order.delivery_id)
        marks = Marks(signature, second, self.moment(order.at), order.delivery_id, trace)
        request = request_bytes(self.address, delivery)
        location = self._location(made)
        return mark(request, marks, segment=segment, event=event, location=location)

    def _event(self, order: Order) -> Event:
        return self.source.event(order.event, at=order.at, delivery_id=order.delivery_id)

    def _content(self, order: Order | Copy) -> "_Content":
        match order:
            case Order():
                event = self._event(order)
                return event, self._location(event)
            case Copy(row):
                captured, location = self.tape.read(row)
                return captured, self.locations.get(location, 0)

    def _location(self, event: Event) -> int:
        return self.locations.get(location_of(event.payload), 0)

    def _finish(self, made: "tuple[_Content, Order | Copy]") -> Made:
        (content, location), order = made
        return Made(location, request_bytes(self.address, self._deliver(content, order)))

    def _deliver(self, content: Event | Captured, order: Order | Copy) -> Delivery:
        match content, order:
            case Captured(), Copy():
                return replayed(
                    content,
                    self.scheme,
                    self.key,
                    at=order.at,
                    delivery_id=order.delivery_id,
                    request=self.request,
                    extra=self._extra(order),
                    happened_at=order.happened_at,
                )
            case Event(), _:
                return deliver(
                    content,
                    self.scheme,
                    self.key,
                    at=order.at,
                    delivery_id=order.delivery_id,
                    extra=self._extra(order),
                    request=self.request,
                )
            case _:
                raise TypeError("a capture is sent as a copy")

    def _extra(self, order: Order | Copy) -> Headers:
        """The given headers and the delivery's trace, unless they say another one."""
        if any(name.lower() == TRACE_HEADER for name, _ in self.extra):
            return self.extra
        return (*self.extra, (TRACE_HEADER, traceparent(order.delivery_id)))


_Content = tuple[Event | Captured, int]
"""What a delivery is made of, and its location's number."""


def open_workshop(plan: LoadPlan, environ: Mapping[str, str], threads: int) -> Workshop:
    """Raise a GhlctlError for a provider, scheme, key, URL or header that cannot be used."""
    scheme = scheme_named(plan.scheme)
    key = scheme.read_signing_key(resolve_key(plan.key_ref, environ))
    shared_secret = isinstance(key, bytes)  # HMAC holds the interpreter's lock: threads are no help
    provider = provider_named(plan.provider)
    source = source_of(plan, plan.people_seed, tenants=plan.seed)
    return Workshop(
        address_of(plan.url),
        event_names(plan),
        source,
        provider.moment,
        scheme,
        key,
        plan.headers,
        Request("POST", plan.url),
        None if shared_secret or threads < 2 else ThreadPoolExecutor(threads),  # noqa: PLR2004 - one thread is no pool
        open_tape(plan.recordings),
        {name: number for number, name in enumerate(location_names(plan, source), 1)},
    )


def source_of(
    plan: LoadPlan, seed: int, *, contacts: int = CONTACTS, tenants: int | None = None
) -> EventSource:
    """People of the plan's provider over as many locations as it asks for, at least one each."""
    count = plan.locations or LOCATIONS
    return provider_named(plan.provider).source(
        seed, contacts=max(contacts, count), locations=count, tenants=tenants
    )


def location_names(plan: LoadPlan, source: EventSource) -> tuple[str, ...]:
    """Those of made events, then those that only captured ones name."""
    captured = (name for recording in plan.recordings for name in recording.locations)
    return tuple(dict.fromkeys((*source.locations, *captured)))


def rehearse(workshop: Workshop, plan: LoadPlan, orders: list[Order]) -> None:
    """Make `orders` from a small source apart: the run's content depends on its seed alone."""
    source = provider_named(plan.provider).source(plan.people_seed, contacts=4, locations=1)
    replace(workshop, source=source).make(orders)


def spares(workshop: Workshop, plan: LoadPlan, now: float) -> Iterator[Stencil]:
    """Some events of every type, of other people: for when the run's own come too slowly.

    Nothing comes of a scheme, or of headers, that leave no place to fill in.
    """
    apart = replace(
        workshop, source=source_of(plan, plan.people_seed + 1, contacts=64, tenants=plan.seed)
    )
    for event, name in enumerate(plan.events):
        for _ in range(_SPARES):
            order = Order(name, now, fresh_id())
            stencil = apart.stencil(order, segment=SPARE, event=event)
            if stencil is not None:
                yield stencil
