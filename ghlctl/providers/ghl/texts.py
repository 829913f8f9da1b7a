"""What people write: short sentences about homes, some with an apostrophe beyond ASCII."""

from random import Random

from ghlctl.providers.ghl.people import Contact

_OPENINGS = ("Hi", "Hello", "Good morning", "Hey", "Quick question", "Following up", "Thanks")
_WISHES = (
    "is the {bedrooms} bedroom {kind} in {city} still available?",
    "we’d love to see the {kind} in {city} this week",  # noqa: RUF001 - bodies must leave ASCII at times
    "our budget moved to ${budget:,}, what else is there in {city}?",
    "does the {kind} come with parking? We need {bedrooms} bedrooms",
    "we sold our place, so {city} by the end of the quarter would be ideal",
    "could you send the listing for the {kind} near the park?",
    "I’m pre-approved for ${budget:,} and ready to make an offer",  # noqa: RUF001 - bodies must leave ASCII at times
)
_REPLIES = (
    "the {kind} is free to view on Saturday, shall I book it?",
    "three new {bedrooms} bedroom listings in {city} for up to ${budget:,}",
    "the sellers in {city} answered, they’d take an offer below asking",  # noqa: RUF001 - as above
    "are you still looking for a {kind} in {city}?",
    "the lender’s letter came, we can go on",  # noqa: RUF001 - as above
)
_REMARKS = (
    "wants {bedrooms} bedrooms in {city}, up to ${budget:,}",
    "prefers a {kind}; schools matter more than the commute",
    "has to sell first, partner decides together with the lender",
    "saw two places on Saturday, liked the {kind} best",
    "asked for comparables in {city} before an offer near ${budget:,}",
)
_TASKS = (
    "Call {name} about the {kind}",
    "Send {city} listings to {name}",
    "Book a viewing with {name}",
    "Check financing of {name}",
    "Prepare an offer for {name}",
)


def sentence(random: Random, contact: Contact) -> str:
    """Something that the contact says."""
    return f"{random.choice(_OPENINGS)}, {_filled(random.choice(_WISHES), contact)}"


def reply(random: Random, contact: Contact) -> str:
    """Something that a user writes to the contact."""
    return f"{random.choice(_OPENINGS)} {contact.first_name}, " + _filled(
        random.choice(_REPLIES), contact
    )


def note_text(random: Random, contact: Contact) -> str:
    """Something that a user remarks on the contact; the number keeps two notes apart."""
    remark = _filled(random.choice(_REMARKS), contact)
    return f"{contact.first_name} {remark} (call {random.randint(1, 9999)})"


def task_title(random: Random, contact: Contact) -> str:
    return _filled(random.choice(_TASKS), contact)


def _filled(text: str, contact: Contact) -> str:
    return text.format(
        bedrooms=contact.bedrooms,
        kind=contact.property_type,
        city=contact.wanted_city,
        budget=contact.budget,
        name=f"{contact.first_name} {contact.last_name}",
    )
