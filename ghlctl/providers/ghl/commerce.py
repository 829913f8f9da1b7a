"""Invoices, orders, products and prices on the wire; the tenant of the first two is altId."""

from random import Random

from ghlctl.providers.ghl.event_types import Action
from ghlctl.providers.ghl.identity import hex_id, iso, record_id
from ghlctl.providers.ghl.people import Contact
from ghlctl.providers.ghl.population import Record

_SERVICES = (
    "Home staging",
    "Photo tour",
    "Drone video",
    "Listing fee",
    "Home inspection",
    "Buyer consultation",
)
_DAY_S = 86_400
_PROGRESS = ("pending", "completed", "cancelled", "refunded")
_STATUS_OF = {Action.SENT: "sent", Action.VOIDED: "void"}


def new_invoice(random: Random, contact: Contact, at: float) -> Record:
    item = _line(random)
    total = item["amount"] * item["qty"]
    return {
        "_id": hex_id(random),
        "status": "draft",
        "liveMode": True,
        "amountPaid": 0,
        "altId": contact.location.id,
        "altType": "location",
        "name": f"{item['name']} for {contact.first_name} {contact.last_name}",
        "businessDetails": _business(contact),
        "invoiceNumber": str(random.randint(1, 99_999)),
        "currency": "USD",
        "contactDetails": _customer(contact),
        "issueDate": iso(at)[:10],
        "dueDate": iso(at + random.choice((7, 14, 30)) * _DAY_S)[:10],
        "discount": {"type": "percentage", "value": 0},
        "invoiceItems": [item],
        "total": total,
        "title": "INVOICE",
        "amountDue": total,
        "createdAt": iso(at),
        "updatedAt": iso(at),
        "totalSummary": {"subTotal": total, "discount": 0},
    }


def changed_invoice(record: Record, action: Action, random: Random, at: float) -> Record:
    total = record["total"]
    touched = {**record, "updatedAt": iso(at)}
    match action:
        case Action.PAID:
            return {**touched, "status": "paid", "amountPaid": total, "amountDue": 0}
        case Action.PARTLY_PAID:
            paid = total * random.randint(1, 9) // 10
            rest = {"amountPaid": paid, "amountDue": total - paid}
            return {**touched, "status": "partially_paid", **rest}
        case Action.UPDATED:
            return {**touched, "name": f"{record['name'].partition(' (')[0]} ({iso(at)[:19]})"}
        case Action.SENT | Action.VOIDED:
            return {**touched, "status": _STATUS_OF[action]}
        case _:
            return record


def new_order(random: Random, contact: Contact, at: float) -> Record:
    amount = random.randint(4, 90) * 25
    tax = amount // 10
    item = _order_line(random, amount)
    return {
        "locationId": contact.location.id,
        "_id": hex_id(random),
        "altId": contact.location.id,
        "altType": "location",
        "status": "pending",
        "taxSummary": [
            {
                "_id": hex_id(random),
                "name": "10%",
                "calculation": "exclusive",
                "rate": 10,
                "amount": tax,
            }
        ],
        "fulfillmentStatus": "unfulfilled",
        "contactId": contact.id,
        "currency": "USD",
        "amount": amount + tax,
        "liveMode": True,
        "amountSummary": {"subtotal": amount, "discount": 0, "tax": tax, "shipping": 0},
        "source": _shop(random),
        "createdAt": iso(at),
        "updatedAt": iso(at),
        "contactSnapshot": _snapshot(contact, at),
        "items": [item],
    }


def changed_order(record: Record, random: Random, at: float) -> Record:
    status = random.choice([name for name in _PROGRESS if name != record["status"]])
    done = "fulfilled" if status == "completed" else "unfulfilled"
    return {**record, "status": status, "fulfillmentStatus": done, "updatedAt": iso(at)}


def new_product(random: Random, contact: Contact, at: float) -> Record:
    name = f"{random.choice(_SERVICES)} no. {random.randint(1, 99_999)}"
    picture = f"https://media.example.com/{contact.location.id}/{record_id(random)}.png"
    size = {"id": record_id(random), "name": "Size", "options": [_option(random, "Standard")]}
    media = {"id": record_id(random), "title": "cover.png", "url": picture, "type": "image"}
    return {
        "_id": hex_id(random),
        "description": f"{name}, at a fixed price",
        "variants": [size],
        "medias": [{**media, "isFeatured": True}],
        "locationId": contact.location.id,
        "name": name,
        "productType": random.choice(("SERVICE", "DIGITAL", "PHYSICAL")),
        "availableInStore": True,
        "userId": contact.location.user_ids[0],
        "createdAt": iso(at),
        "updatedAt": iso(at),
        "statementDescriptor": "EXAMPLE HOMES",
        "image": picture,
    }


def changed_product(record: Record, random: Random, _contact: Contact, at: float) -> Record:
    words = f"{record['name']}, revision {random.randint(1, 99_999)}"
    return {**record, "description": words, "updatedAt": iso(at)}


def new_price(random: Random, contact: Contact, at: float) -> Record:
    """With `priceType`, as only a created price has it; see `shown_price`."""
    amount = random.randint(4, 90) * 25
    offer = {"label": "members", "value": str(amount * 9 // 10), "_id": hex_id(random)}
    return {
        "_id": hex_id(random),
        "membershipOffers": [offer],
        "variantOptionIds": [record_id(random)],
        "locationId": contact.location.id,
        "product": hex_id(random),
        "userId": contact.location.user_ids[0],
        "name": "Standard",
        "priceType": random.choice(("one_time", "recurring")),
        "currency": "USD",
        "amount": amount,
        "recurring": {"interval": "month", "intervalCount": 1},
        "createdAt": iso(at),
        "updatedAt": iso(at),
        "compareAtPrice": amount + 100,
        "trackInventory": None,
        "availableQuantity": random.randint(0, 50),
        "allowOutOfStockPurchases": True,
    }


def changed_price(record: Record, random: Random, _contact: Contact, at: float) -> Record:
    amount = random.randint(4, 90) * 25
    return {**record, "amount": amount + (amount == record["amount"]), "updatedAt": iso(at)}


def shown_price(record: Record, action: Action) -> Record:
    """The kind of a price is `priceType` where it is created, and `type` ever after."""
    if action is Action.CREATED:
        return record
    return {"type" if name == "priceType" else name: value for name, value in record.items()}


def _line(random: Random) -> Record:
    return {
        "taxes": [],
        "_id": record_id(random),
        "productId": record_id(random),
        "priceId": record_id(random),
        "currency": "USD",
        "name": random.choice(_SERVICES),
        "qty": random.randint(1, 3),
        "amount": random.randint(4, 90) * 25,
    }


def _business(contact: Contact) -> Record:
    return {
        "name": f"Example Homes {contact.place.city}",
        "address": f"1 Main Street, {contact.place.city}",
        "phoneNo": f"+1{contact.place.area_code}5550100",
        "website": "https://homes.example.com",
        "logoUrl": "https://homes.example.com/logo.png",
        "customValues": [],
    }


def _customer(contact: Contact) -> Record:
    return {
        "id": contact.id,
        "phoneNo": contact.phone,
        "email": contact.email,
        "customFields": [],
        "name": f"{contact.first_name} {contact.last_name}",
        "address": {
            "countryCode": "US",
            "addressLine1": contact.address,
            "addressLine2": "",
            "city": contact.place.city,
            "state": contact.place.state,
            "postalCode": contact.postal_code,
        },
        "additionalEmails": [],
        "companyName": contact.company,
    }


def _snapshot(contact: Contact, at: float) -> Record:
    return {
        "id": contact.id,
        "locationId": contact.location.id,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "email": contact.email,
        "phone": contact.phone,
        "dnd": contact.dnd,
        "source": contact.source,
        "address1": contact.address,
        "city": contact.place.city,
        "state": contact.place.state,
        "postalCode": contact.postal_code,
        "tags": list(contact.tags),
        "country": "US",
        "dateAdded": iso(at),
    }


def _shop(random: Random) -> Record:
    page = {
        "stepId": record_id(random),
        "pageId": record_id(random),
        "domain": "shop.example.com",
        "pageUrl": "/checkout",
    }
    shop = {"type": "website", "subType": "store", "id": record_id(random), "name": "Shop"}
    return {**shop, "meta": page}


def _order_line(random: Random, amount: int) -> Record:
    name, option = random.choice(_SERVICES), _option(random, "Standard")
    size = {"id": record_id(random), "name": "Size", "options": [option]}
    product = {"_id": hex_id(random), "name": name, "availableInStore": True, "taxes": []}
    price = {
        "_id": hex_id(random),
        "name": "Standard",
        "type": "one_time",
        "currency": "USD",
        "amount": amount,
        "variantOptionIds": [option["id"]],
    }
    line = {"name": f"{name} - Standard", "qty": 1, "price": price}
    return {**line, "product": {**product, "variants": [size]}}


def _option(random: Random, name: str) -> Record:
    return {"id": record_id(random), "name": name}
