"""What happens to the app, its users and its tenants, on the wire: companyId beside locationId."""

from random import Random

from ghlctl.providers.ghl.event_types import Action
from ghlctl.providers.ghl.identity import APP_ID, COMPANY_ID, VERSION_ID, hex_id, iso, record_id
from ghlctl.providers.ghl.people import Contact
from ghlctl.providers.ghl.population import Record

_PAYMENTS = ("trial", "active", "past_due", "cancelled")
_FEATURES = ("contacts", "opportunities", "calendars", "conversations", "invoicing", "workflows")
_ADD_ONS = ("missed_call_text_back", "web_chat", "reputation", "sms", "email")
_PERMISSIONS = (
    "appointmentsEnabled",
    "assignedDataOnly",
    "campaignsEnabled",
    "contactsEnabled",
    "conversationsEnabled",
    "dashboardStatsEnabled",
    "invoiceEnabled",
    "opportunitiesEnabled",
    "paymentsEnabled",
    "settingsEnabled",
    "tagsEnabled",
    "workflowsEnabled",
)


def app_fields(random: Random, contact: Contact, action: Action, at: float) -> Record:
    """An installed app's fields; two of three concern one location, the others the agency."""
    tenant: Record = {"companyId": COMPANY_ID}
    if random.random() < 2 / 3 or action not in {Action.INSTALLED, Action.UNINSTALLED}:
        tenant["locationId"] = contact.location.id
    app: Record = {"appId": APP_ID, **tenant}
    user = {"userId": contact.location.user_ids[0]}
    match action:
        case Action.UNINSTALLED:
            return app
        case Action.PAYMENT_SET:
            before, after = random.sample(_PAYMENTS, 2)
            return {**app, **user, "previousStatus": before, "newStatus": after}
        case Action.PLAN_SET:
            plans = {"currentPlanId": hex_id(random), "newPlanId": hex_id(random)}
            return {**app, **user, **plans}
        case Action.CONNECTED:
            return {**app, **_outside_account(random)}
        case Action.UPDATED:
            return {**app, **user, "previousVersionId": VERSION_ID, **_licence(random, at)}
        case _:
            return {**app, **user, **_licence(random, at)}


def _licence(random: Random, at: float) -> Record:
    labelled = random.random() < 0.5  # noqa: PLR2004 - a share
    look = {"domain": "crm.example.com", "logoUrl": "https://crm.example.com/logo.png"}
    return {
        "planId": hex_id(random),
        "trial": {
            "onTrial": True,
            "trialDuration": random.choice((7, 14, 30)),
            "trialStartDate": iso(at),
        },
        "isWhitelabelCompany": labelled,
        "whitelabelDetails": look if labelled else {},
        "companyName": "Example Homes Agency",
    }


def _outside_account(random: Random) -> Record:
    kind = random.choice(("oauth2", "basic", "api_key"))
    return {
        "authType": kind,
        "scopes": ["listings.read", "leads.write"] if kind == "oauth2" else [],
        "isAutoRefreshTokenEnabled": kind == "oauth2",
    }


def new_location(random: Random, contact: Contact, _at: float) -> Record:
    return {
        "id": record_id(random),
        "companyId": COMPANY_ID,
        "name": f"{contact.last_name} Homes {contact.place.city}",
        "email": f"office{random.randint(1, 99_999)}@example.com",
        "stripeProductId": f"prod_{record_id(random)}",
    }


def new_user(random: Random, contact: Contact, _at: float) -> Record:
    """A colleague: of one location, or of the agency with a list of locations."""
    number = random.randint(1, 99_999)
    admin = random.random() < 0.3  # noqa: PLR2004 - a share
    place: Record = {"locationId": contact.location.id}
    if admin:
        place = {"companyId": COMPANY_ID, "locations": [contact.location.id]}
    return {
        **place,
        "id": record_id(random),
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "email": f"staff.member{number}@example.com",
        "phone": contact.phone,
        "extension": str(random.randint(100, 999)),
        "role": "admin" if admin else "user",
        "permissions": {name: admin or random.random() < 0.7 for name in _PERMISSIONS},  # noqa: PLR2004 - a share
    }


def new_saas_plan(random: Random, _contact: Contact, at: float) -> Record:
    month = random.randint(9, 99) * 500
    prices = [
        {
            "id": f"price_{record_id(random)}",
            "billingInterval": interval,
            "active": True,
            "amount": amount,
            "currency": "usd",
            "symbol": "$",
        }
        for interval, amount in (("month", month), ("year", month * 10))
    ]
    return {
        "planId": hex_id(random),
        "title": f"Brokerage plan {random.randint(1, 9999)}",
        "description": "For offices that list and sell homes",
        "saasProducts": random.sample(_FEATURES, 3),
        "addOns": random.sample(_ADD_ONS, 2),
        "planLevel": random.randint(1, 4),
        "trialPeriod": random.choice((0, 7, 14, 30)),
        "prices": prices,
        "categoryId": hex_id(random),
        "snapshotId": record_id(random),
        "productId": f"prod_{record_id(random)}",
        "isSaaSV2": True,
        "createdAt": iso(at),
        "updatedAt": iso(at),
    }


def new_support_ticket(random: Random, contact: Contact, _at: float) -> Record:
    return {
        "ticketId": hex_id(random),
        "companyId": COMPANY_ID,
        "locationId": contact.location.id,
    }


def changed_location(record: Record, random: Random, contact: Contact, _at: float) -> Record:
    return {**record, "name": f"{contact.last_name} Homes {random.randint(1, 99_999)}"}


def changed_user(record: Record, random: Random, _contact: Contact, _at: float) -> Record:
    return {**record, "extension": str(random.randint(1000, 9999))}
