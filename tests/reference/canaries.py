"""A person who does not exist, and every encoding in which details of theirs could leak."""

import base64
import hashlib
import html
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus


@dataclass
class Canary:
    """Unique to a test, so that what is found elsewhere was put there by it."""

    mark: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def email(self) -> str:
        return f"ghlctl-{self.mark}@canary.invalid"

    @property
    def phones(self) -> tuple[str, ...]:
        line = f"{int(self.mark, 16) % 100:02}"
        return (
            f"+151255501{line}",
            f"+1 512 555 01{line}",
            f"(512) 555-01{line}",
            f"512.555.01{line}",
        )

    @property
    def values(self) -> dict[str, str]:
        """What must be nowhere."""
        return {
            "email": self.email,
            "phone": self.phones[0],
            "firstName": f"Zoë-{self.mark}",
            "lastName": f"O'Canary <{self.mark}>",
            "address1": f"{self.mark} Müller & Sons Straße",
            "city": f"Canaryville {self.mark}",
            "dateOfBirth": "1971-03-09",
            "note": f"card 4111 1111 1111 1111, private {self.mark}",
        }

    def forms(self) -> Iterator[bytes]:
        """The encodings that an auditor looks for."""
        for value in [*self.values.values(), *self.phones]:
            raw = value.encode()
            yield from (raw, raw.lower(), raw.upper())
            yield json.dumps(value)[1:-1].encode()
            yield quote(value).encode()
            yield quote(value, safe="").encode()
            yield quote_plus(value).encode()
            yield html.escape(value).encode()
            yield raw.hex().encode()
            for before in range(3):
                letters = base64.b64encode(b"\0" * before + raw)
                whole = letters[(before * 4 + 2) // 3 : (before + len(raw)) * 8 // 6]
                yield from (whole, whole.replace(b"+", b"-").replace(b"/", b"_"))
        for value in self.values.values():
            for digest in (hashlib.md5, hashlib.sha1, hashlib.sha256):
                yield digest(value.encode()).hexdigest()[:12].encode()

    def found_in(self, raw: bytes) -> list[bytes]:
        return [form for form in self.forms() if len(form) > 5 and form in raw]

    def of(self, body: dict[str, Any]) -> dict[str, Any]:
        """A delivery's body about this person."""
        return body | self.values | {"tags": [f"tag {self.mark}"]}
