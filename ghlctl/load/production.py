"""Making deliveries ahead of their moments: events by seed, ids fresh, signatures current."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, count

import numpy as np

from ghlctl.load.address import Address, address_of, request_bytes
from ghlctl.load.frames import Frame, tag_of
from ghlctl.load.identity import delivery_ids
from ghlctl.load.plan import LoadPlan
from ghlctl.load.schedule import (
    ClosedSegment,
    OpenSegment,
    choose_duplicates,
    choose_events,
    event_names,
)
from ghlctl.load.stencil import SPARE, Marks, Stencil, mark
from ghlctl.model.delivery import Delivery, Event
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import deliver
from ghlctl.providers.provider import EventSource
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.hmac_timestamp import HMAC_TIMESTAMP, SIGNATURE_HEADER, TIMESTAMP_HEADER
from ghlctl.signing.scheme import Request, Scheme, SigningKey
from ghlctl.store.keys import resolve_key

CLOSED_OFFSET_NS = -1
_SPARES = 4  # per event type
_CLOSED_BATCH = 4096  # how many choices are drawn at once where no end is known


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
class Workshop:
    """Turns orders into request bytes; asymmetric signatures are made on several threads."""

    address: Address
    events: tuple[str, ...]
    source: EventSource
    moment: Callable[[float], str]
    scheme: Scheme
    key: SigningKey
    extra: tuple[tuple[str, str], ...]
    request: Request
    threads: ThreadPoolExecutor | None

    def make(self, orders: list[Order]) -> list[bytes]:
        """In the same order: events come one after another, for the seed's sake."""
        made = [(self._event(order), order) for order in orders]
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
            extra=self.extra,
        )
        signature = delivery.header(SIGNATURE_HEADER)
        second = delivery.header(TIMESTAMP_HEADER)
        if signature is None or second is None:
            return None
        marks = Marks(signature, second, self.moment(order.at), order.delivery_id)
        request = request_bytes(self.address, delivery)
        return mark(request, marks, segment=segment, event=event)

    def _event(self, order: Order) -> Event:
        return self.source.event(order.event, at=order.at, delivery_id=order.delivery_id)

    def _finish(self, made: tuple[Event, Order]) -> bytes:
        return request_bytes(self.address, self._deliver(*made))

    def _deliver(self, event: Event, order: Order) -> Delivery:
        return deliver(
            event,
            self.scheme,
            self.key,
            at=order.at,
            delivery_id=order.delivery_id,
            extra=self.extra,
            request=self.request,
        )


def open_workshop(plan: LoadPlan, environ: Mapping[str, str], threads: int) -> Workshop:
    """Raise a GhlctlError for a provider, scheme, key, URL or header that cannot be used."""
    scheme = scheme_named(plan.scheme)
    key = scheme.read_signing_key(resolve_key(plan.key_ref, environ))
    shared_secret = isinstance(key, bytes)  # HMAC holds the interpreter's lock: threads are no help
    provider = provider_named(plan.provider)
    return Workshop(
        address_of(plan.url),
        event_names(plan),
        provider.source(plan.seed),
        provider.moment,
        scheme,
        key,
        plan.headers,
        Request("POST", plan.url),
        None if shared_secret or threads < 2 else ThreadPoolExecutor(threads),  # noqa: PLR2004 - one thread is no pool
    )


@dataclass(slots=True)
class OpenProduction:
    """Makes an open segment's frames in the order of their moments."""

    workshop: Workshop
    number: int
    segment: OpenSegment
    base_unix_ns: int
    _next: int = 0
    _kept: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    _twice: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        self._twice = frozenset(self.segment.original[self.segment.attempt > 1].tolist())

    def next_due_unix_ns(self) -> int | None:
        """When the next frame is wanted; None when there is none."""
        if self._next >= len(self.segment):
            return None
        return self.base_unix_ns + int(self.segment.offset_ns[self._next])

    def make(self, until_unix_ns: int, most: int) -> list[Frame]:
        """Up to `most` frames whose moments are before `until_unix_ns`."""
        window = self._window(until_unix_ns, most)
        segment, rows = self.segment, range(window.start, window.stop)
        columns = (segment.stage, segment.event, segment.attempt, segment.offset_ns)
        lines = list(zip(*(column[window].tolist() for column in columns), strict=True))
        fresh = [
            self._order(event, offset_ns) for _, event, attempt, offset_ns in lines if attempt == 1
        ]
        ids = (order.delivery_id.encode() for order in fresh)
        made = zip(ids, self.workshop.make(fresh), strict=True)
        originals = segment.original[window].tolist()
        frames = []
        for row, original, line in zip(rows, originals, lines, strict=True):
            delivery = next(made) if row == original else self._kept.pop(original)
            if row in self._twice:
                self._kept[row] = delivery
            stage, event, attempt, offset_ns = line
            tag = tag_of(stage, event, attempt)
            frames.append(Frame(self.number, tag, offset_ns, *delivery))
        return frames

    def _window(self, until_unix_ns: int, most: int) -> slice:
        begin = self._next
        before = until_unix_ns - self.base_unix_ns
        end = int(self.segment.offset_ns.searchsorted(before, side="right"))
        self._next = max(begin, min(end, begin + most))
        return slice(begin, self._next)

    def _order(self, event: int, offset_ns: int) -> Order:
        at = (self.base_unix_ns + offset_ns) / 1e9
        return Order(self.workshop.events[event], at, fresh_id())


@dataclass(slots=True)
class ClosedProduction:
    """Makes a closed segment's frames as the wire loop asks for them."""

    workshop: Workshop
    number: int
    segment: ClosedSegment
    choices: Iterator[tuple[int, bool]]
    _again: list[Frame] = field(default_factory=list)

    def make(self, most: int, now_unix_s: float) -> list[Frame]:
        """`most` frames, stamped with the present: nobody knows yet when they will go."""
        frames: list[Frame] = []
        while len(frames) < most:
            if self._again:
                frames.append(self._again.pop())
                continue
            event, twice = next(self.choices)
            order = Order(self.workshop.events[event], now_unix_s, fresh_id())
            request = self.workshop.make([order])[0]
            tags = [tag_of(self.segment.stage, event, attempt) for attempt in (1, 2)]
            name = order.delivery_id.encode()
            frame = Frame(self.number, tags[0], CLOSED_OFFSET_NS, name, request)
            frames.append(frame)
            if twice:
                self._again.append(frame._replace(tag=tags[1]))
        return frames


def closed_choices(plan: LoadPlan, stage: int) -> Iterator[tuple[int, bool]]:
    """Event index and whether it is sent twice, without end, by the plan's seed."""
    return chain.from_iterable(_choices(plan, stage))


def _choices(plan: LoadPlan, stage: int) -> Iterator[Iterable[tuple[int, bool]]]:
    for batch in count():
        salt = (stage << 32) + batch
        events = choose_events(plan, salt, _CLOSED_BATCH)
        twice = np.zeros(_CLOSED_BATCH, dtype=np.bool_)
        twice[choose_duplicates(plan, salt, _CLOSED_BATCH)] = True
        yield zip(events.tolist(), twice.tolist(), strict=True)


def rehearse(workshop: Workshop, plan: LoadPlan, orders: list[Order]) -> None:
    """Make `orders` from a small source apart: the run's content depends on its seed alone."""
    source = provider_named(plan.provider).source(plan.seed, contacts=4, locations=1)
    replace(workshop, source=source).make(orders)


def spares(workshop: Workshop, plan: LoadPlan, now: float) -> Iterator[Stencil]:
    """Some events of every type, of other people: for when the run's own come too slowly.

    Nothing comes of a scheme, or of headers, that leave no place to fill in.
    """
    source = provider_named(plan.provider).source(plan.seed + 1, contacts=64, locations=4)
    apart = replace(workshop, source=source)
    for event, name in enumerate(workshop.events):
        for _ in range(_SPARES):
            order = Order(name, now, fresh_id())
            stencil = apart.stencil(order, segment=SPARE, event=event)
            if stencil is not None:
                yield stencil
