"""What one receiver is started with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from ghlctl.errors import UsageError
from ghlctl.reference.compliance.consent import OptOutField
from ghlctl.reference.compliance.pseudonyms import ComplianceKey
from ghlctl.reference.profile import OPTIMIZED, Cache, Profile
from ghlctl.reference.tenants import EVERYONE, Tenants
from ghlctl.reference.trust import KeySource, KeyText

SQLITE = "sqlite:///"
POSTGRES = ("postgresql://", "postgres://")
REDIS = ("redis://", "rediss://", "unix://")


@dataclass(frozen=True, slots=True)
class ReceiverSettings:
    """`key` is the text of a verifying key.

    `database` is `sqlite:///PATH`, a path, or `postgresql://…`; without it, it is
    `receiver.sqlite` in `state_dir`, which also holds the generated listings and histories.
    `cache` is the `redis://…` that the profile's switch of that name speaks of. Both may hold a
    password. `key_source`, where given, is read in place of `key`, and again while it serves.
    `health_token` is what whoever may see more of GET /health than that it answers has to show;
    without one nobody may. With `oauth` it gets its access tokens from the upstream, and refreshes
    them. Without `compliance_key` one is made in `state_dir`; without `audit_log` that lies there.
    """

    upstream_url: str
    key: bytes = field(repr=False)
    profile: Profile = OPTIMIZED
    host: str = "127.0.0.1"
    port: int = 8700
    database: str | None = field(default=None, repr=False)
    cache: str | None = field(default=None, repr=False)
    scheme: str = "ghl"
    state_dir: Path = Path(".ghlctl")
    key_source: KeySource | None = None
    tenants: Tenants = EVERYONE
    health_token: str = field(default="", repr=False)
    oauth: bool = False
    compliance_key: ComplianceKey | None = None
    audit_log: Path | None = None
    opt_out_fields: tuple[OptOutField, ...] = ()

    def trusted(self) -> Sequence[KeyText]:
        """Raise KeyMaterialError or UsageError where the keys cannot be read."""
        if self.key_source is not None:
            return self.key_source.read()
        return [KeyText(self.key)]

    @property
    def postgres_url(self) -> str | None:
        """None where the database is SQLite's."""
        return self.database if self.database and self.database.startswith(POSTGRES) else None

    @property
    def sqlite_path(self) -> Path:
        """Raise UsageError for a database that is none of SQLite's."""
        if not self.database:
            return self.state_dir / "receiver.sqlite"
        if self.database.startswith(SQLITE):
            return Path(self.database.removeprefix(SQLITE))
        if "://" in self.database:
            raise UsageError(
                f"the receiver cannot use a database of kind {self.database.partition('://')[0]}",
                "use sqlite:///PATH or postgresql://HOST/NAME",
            )
        return Path(self.database)

    @property
    def redis_url(self) -> str | None:
        """None where the profile asks for no Redis. Raise UsageError where it has none to use."""
        if self.profile.cache is not Cache.REDIS:
            return None
        if not self.cache:
            raise UsageError("cache=redis needs a Redis", "add --cache redis://127.0.0.1:6379/0")
        return self.cache

    @property
    def upstream(self) -> str:
        """The upstream's URL without a slash at its end. Raise UsageError for what is none."""
        parts = urlsplit(self.upstream_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise UsageError(
                f"{self.upstream_url!r} is no URL of an upstream", "try http://127.0.0.1:8701"
            )
        return self.upstream_url.rstrip("/")


def with_cache(profile: Profile, cache: str | None, switches: list[str]) -> Profile:
    """The profile that uses the cache at this URL, None for none named.

    Raise UsageError for a URL that is none of Redis, and where a switch says otherwise.
    """
    if cache is None:
        return profile
    if not cache.startswith(REDIS):
        raise UsageError(
            f"the receiver cannot use a cache of kind {cache.partition('://')[0][:20]!r}",
            "use redis://HOST:6379/0",
        )
    if profile.cache is not Cache.REDIS and any(one.startswith("cache=") for one in switches):
        raise UsageError(
            f"--cache names a Redis, and --set cache={profile.cache} uses none", "drop one of them"
        )
    return msgspec.structs.replace(profile, cache=Cache.REDIS)
