"""What opens the rest of GET /health: a token in the state folder, for whoever may read that."""

import contextlib
import secrets
from pathlib import Path

from ghlctl.errors import UsageError
from ghlctl.model.delivery import Headers
from ghlctl.store.key_folder import write_once

FILE = "health.token"


def health_token(state: Path) -> str:
    """The folder's token, made where there is none: by whoever of several processes is first.

    Raise UsageError for a folder that cannot be used.
    """
    path = state / FILE
    try:
        if not path.exists():
            state.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                write_once(path, secrets.token_urlsafe(32).encode())
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or "it is no text"
        raise UsageError(
            f"the token of GET /health cannot be kept: {why}: {path}", "name another with --state"
        ) from None


def health_headers(state: Path) -> Headers:
    """What to send to a receiver that runs with this state folder; nothing where it has none."""
    try:
        token = (state / FILE).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ()
    return (("Authorization", f"Bearer {token}"),)
