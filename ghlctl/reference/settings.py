"""What one receiver is started with."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ghlctl.errors import UsageError
from ghlctl.reference.profile import OPTIMIZED, Profile

SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """`key` is the text of a verifying key; `database` is `sqlite:///PATH` or a path.

    Without `database` it is `receiver.sqlite` in `state_dir`, which also holds the generated
    listings and histories. `backlog` bounds the acknowledged deliveries that wait for their turn.
    `also_trusted` are texts of keys that hold beside `key` while one replaces the other.
    """

    upstream_url: str
    key: bytes = field(repr=False)
    profile: Profile = OPTIMIZED
    host: str = "127.0.0.1"
    port: int = 8700
    database: str | None = None
    scheme: str = "ghl"
    state_dir: Path = Path(".ghlctl")
    backlog: int = 10_000
    also_trusted: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def database_path(self) -> Path:
        """Raise UsageError for a database that is none of SQLite's."""
        if not self.database:
            return self.state_dir / "receiver.sqlite"
        if self.database.startswith(SQLITE):
            return Path(self.database.removeprefix(SQLITE))
        if "://" in self.database:
            raise UsageError(
                f"the receiver cannot use a database of kind {self.database.partition('://')[0]}",
                "use sqlite:///PATH",
            )
        return Path(self.database)

    @property
    def upstream(self) -> str:
        """The upstream's URL without a slash at its end. Raise UsageError for what is none."""
        parts = urlsplit(self.upstream_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise UsageError(
                f"{self.upstream_url!r} is no URL of an upstream", "try http://127.0.0.1:8701"
            )
        return self.upstream_url.rstrip("/")
