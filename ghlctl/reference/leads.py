"""What is known of a lead, as the whole numbers that the model was trained on."""

from ghlctl.reference.behaviour import Behaviour, Segment
from ghlctl.reference.incoming import Family, Lead
from ghlctl.reference.matching import stated_budget

FEATURES = (
    "has_email",
    "free_mail",
    "has_phone",
    "has_company",
    "has_website",
    "tags",
    "do_not_disturb",
    "by_referral",
    "by_advert",
    "by_form",
    "value_hundreds",
    "age_days",
    "is_opportunity",
    "is_appointment",
    "visits",
    "opens",
    "clicks",
    "replies",
    "calls",
    "recency_h",
)
_OF_LEAD = FEATURES.index("visits")
_NO_BEHAVIOUR = Behaviour((0, 0, 0, 0, 0), 0, 0, 0, Segment.DORMANT)
OWN_TAG = "lead:"
FREE_MAIL = frozenset({"gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "aol.com"})
LARGEST = 2**24  # the largest whole number up to which 32-bit floats are exact
REFERRED = ("referral", "recommend", "word of mouth")
ADVERTISED = ("ad", "ads", "facebook", "google", "instagram", "campaign")
FILLED_IN = ("form", "website", "landing", "widget", "booking")


def features(lead: Lead, behaviour: Behaviour) -> tuple[int, ...]:
    """One row in the order of FEATURES."""
    source = lead.source.lower()
    row = (
        bool(lead.email),
        lead.email.rpartition("@")[2].lower() in FREE_MAIL,
        bool(lead.phone),
        bool(lead.company),
        bool(lead.website),
        sum(not tag.startswith(OWN_TAG) for tag in lead.tags),
        lead.do_not_disturb,
        _mentions(source, REFERRED),
        _mentions(source, ADVERTISED),
        _mentions(source, FILLED_IN),
        max(lead.value, 0.0) // 100,
        lead.age_days,
        lead.family is Family.OPPORTUNITY,
        lead.family is Family.APPOINTMENT,
        *behaviour.counts,
        behaviour.recency_h,
    )
    return tuple(int(min(max(value, 0), LARGEST)) for value in row)


def basis_of(lead: Lead) -> tuple[tuple[int, ...], str, int]:
    """All of a lead that what is found out depends on: its features, and what is matched."""
    return features(lead, _NO_BEHAVIOUR)[:_OF_LEAD], lead.city, stated_budget(lead.value)


def _mentions(source: str, words: tuple[str, ...]) -> bool:
    return any(word in source if len(word) > 3 else word in source.split() for word in words)  # noqa: PLR2004 - short words stand alone
