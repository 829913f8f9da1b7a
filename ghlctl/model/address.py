"""How a URL may be written down."""

from urllib.parse import urlsplit


def shown_url(url: str) -> str:
    """The URL without what may be secret in it: user, password and the query's values."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
    except ValueError:
        return url.partition("?")[0]
    query = "&".join(_shown_pair(pair) for pair in parts.query.split("&") if pair)
    return parts._replace(netloc=netloc, query=query, fragment="").geturl()


def _shown_pair(pair: str) -> str:
    name, is_, _ = pair.partition("=")
    return f"{name}=…" if is_ else "…"  # without a name, all of it is the value
