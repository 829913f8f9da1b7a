"""Where generated people live and look for a home."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """`price`: dollars for a usual home there, a round figure that only orders the cities."""

    city: str
    state: str
    area_code: str
    postal_prefix: str
    price: int


PLACES = (
    Place("Austin", "TX", "512", "787", 540_000),
    Place("Dallas", "TX", "214", "752", 420_000),
    Place("Houston", "TX", "713", "770", 340_000),
    Place("San Antonio", "TX", "210", "782", 290_000),
    Place("Phoenix", "AZ", "602", "850", 430_000),
    Place("Tucson", "AZ", "520", "857", 330_000),
    Place("Denver", "CO", "303", "802", 590_000),
    Place("Miami", "FL", "305", "331", 580_000),
    Place("Tampa", "FL", "813", "336", 400_000),
    Place("Orlando", "FL", "407", "328", 390_000),
    Place("Jacksonville", "FL", "904", "322", 310_000),
    Place("Atlanta", "GA", "404", "303", 410_000),
    Place("Savannah", "GA", "912", "314", 330_000),
    Place("Charlotte", "NC", "704", "282", 400_000),
    Place("Raleigh", "NC", "919", "276", 440_000),
    Place("Nashville", "TN", "615", "372", 460_000),
    Place("Memphis", "TN", "901", "381", 180_000),
    Place("Las Vegas", "NV", "702", "891", 420_000),
    Place("Portland", "OR", "503", "972", 520_000),
    Place("Seattle", "WA", "206", "981", 820_000),
    Place("San Diego", "CA", "619", "921", 920_000),
    Place("Sacramento", "CA", "916", "958", 480_000),
    Place("Chicago", "IL", "312", "606", 320_000),
    Place("Columbus", "OH", "614", "432", 270_000),
    Place("Boston", "MA", "617", "021", 760_000),
    Place("Philadelphia", "PA", "215", "191", 240_000),
)
