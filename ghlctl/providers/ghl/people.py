"""Believable synthetic people: name pools from Faker, put together anew for every contact."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from ghlctl.providers.ghl.custom_fields import PROPERTY_TYPES
from ghlctl.providers.ghl.identity import record_id
from ghlctl.providers.ghl.places import PLACES, Place

SOURCES = (
    "facebook ads",
    "google ads",
    "website form",
    "website chat",
    "portal listing",
    "referral",
    "open house",
    "phone call",
    "email campaign",
)
TAGS = (
    "new lead",
    "hot lead",
    "nurture",
    "first-time buyer",
    "investor",
    "seller",
    "relocating",
    "pre-approved",
    "cash buyer",
    "past client",
    "newsletter",
    "viewing booked",
)

_FIRST_NAMES, _LAST_NAMES, _STREETS, _COMPANIES = 240, 400, 160, 120
_DOMAINS = ("example.com", "example.net")
_PRICE_BY_BEDROOMS = (0.45, 0.65, 0.9, 1.15, 1.5, 1.9)
_BEDROOM_WEIGHTS = (8, 22, 34, 24, 9, 3)
_BUDGET_STEP = 5000
_DAY_S = 86_400
_ADULT_S = 20 * 365.25 * _DAY_S
_WORKING_LIFE_S = 50 * 365.25 * _DAY_S


@dataclass(frozen=True, slots=True)
class Location:
    """A tenant: its staff, its calendar and the stages of its sales pipeline."""

    id: str
    user_ids: tuple[str, ...]
    calendar_id: str
    pipeline_id: str
    stage_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """A person of one location. `added_s`, `born_s`: seconds from the source's opening."""

    id: str
    location: Location
    conversation_id: str
    first_name: str
    last_name: str
    email: str
    phone: str
    address: str
    postal_code: str
    place: Place
    company: str
    website: str
    born_s: float | None
    source: str
    tags: tuple[str, ...]
    dnd: bool
    assigned_to: str
    budget: int
    bedrooms: int
    property_type: str
    wanted_city: str
    added_s: float


@dataclass(frozen=True, slots=True)
class NamePools:
    """Faker is slow per call, so it is asked a thousand times and its answers are combined."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    streets: tuple[str, ...]
    companies: tuple[str, ...]


@lru_cache(maxsize=4)
def name_pools(seed: int) -> NamePools:
    """Always the same by a seed; made once for the many sources of an audit."""
    from faker import Faker  # noqa: PLC0415 - a tenth of a second that most commands can spare

    faker = Faker("en_US", use_weighting=False)
    faker.seed_instance(seed)

    def pool(make: Callable[[], str], count: int) -> tuple[str, ...]:
        return tuple(dict.fromkeys(make() for _ in range(count)))

    return NamePools(
        pool(faker.first_name, _FIRST_NAMES),
        pool(faker.last_name, _LAST_NAMES),
        pool(faker.street_name, _STREETS),
        pool(faker.company, _COMPANIES),
    )


def person(
    random: Random, pools: NamePools, location: Location, *, number: int, added_s: float
) -> Contact:
    """A new contact; `number` is unique in its source, and so is the e-mail address.

    Telephone numbers lie in 555-0100 to 555-0199, which are kept free for fiction, and e-mail
    and web addresses under example.com and example.net.
    """
    place = random.choice(PLACES)
    first, last = random.choice(pools.first_names), random.choice(pools.last_names)
    company = random.choice(pools.companies) if random.random() < 0.3 else ""  # noqa: PLR2004 - a share
    wanted = place if random.random() < 0.7 else random.choice(PLACES)  # noqa: PLR2004 - a share
    bedrooms = random.choices(range(1, 7), _BEDROOM_WEIGHTS)[0]
    born = -_ADULT_S - random.random() * _WORKING_LIFE_S
    return Contact(
        id=record_id(random),
        location=location,
        conversation_id=record_id(random),
        first_name=first,
        last_name=last,
        email=f"{_slug(first)}.{_slug(last)}{number}@{random.choice(_DOMAINS)}",
        phone=f"+1{place.area_code}55501{random.randrange(100):02}",
        address=address(random, pools),
        postal_code=f"{place.postal_prefix}{random.randrange(1, 100):02}",
        place=place,
        company=company,
        website=f"https://{_slug(company)}.example.com" if company else "",
        born_s=born if random.random() < 0.6 else None,  # noqa: PLR2004 - a share
        source=random.choice(SOURCES),
        tags=tuple(random.sample(TAGS, random.randint(1, 3))),
        dnd=False,  # or a receiver that honours it would be said to lose what it rightly withholds
        assigned_to=random.choice((*location.user_ids, "")),
        budget=budget(random, wanted, bedrooms),
        bedrooms=bedrooms,
        property_type=random.choice(PROPERTY_TYPES),
        wanted_city=wanted.city,
        added_s=added_s,
    )


def address(random: Random, pools: NamePools) -> str:
    return f"{random.randint(1, 9899)} {random.choice(pools.streets)}"


def budget(random: Random, place: Place, bedrooms: int) -> int:
    """Dollars: the city's usual price, scaled by size, with a log-normal spread of 25 %."""
    price = place.price * _PRICE_BY_BEDROOMS[bedrooms - 1] * random.lognormvariate(0, 0.25)
    return max(_BUDGET_STEP, round(price / _BUDGET_STEP) * _BUDGET_STEP)


def _slug(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isascii() and letter.isalnum())
