"""The URL of a Redis server: what it may say.

Pure: knows neither the library that will read it nor the server. A password may stand anywhere in
one that is wrong, so no part of it is ever repeated.
"""

from urllib.parse import parse_qs, urlsplit

MEANINGFUL = ("db", "ssl_ca_certs", "ssl_cert_reqs")
"""What may be asked for behind the address. The library knows more, of which some would have it
answer in another way than is understood here, and the rest is the room's own business."""

CHECKS = ("none", "optional", "required")
"""How a certificate may be looked at."""

NO_URL = "it is no URL such as redis://localhost:6379"
NO_DATABASE = "its database is no number: it is named like redis://localhost:6379/1"
UNKNOWN = f"behind a ? it may say nothing but {', '.join(MEANINGFUL)}"
NO_CHECK = f"its ssl_cert_reqs is none of {', '.join(CHECKS)}"


def fault(url: str) -> str | None:
    """What is wrong with it, in a few words; None for nothing."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return NO_URL
    if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
        return NO_URL
    wanted = parse_qs(parts.query, keep_blank_values=True)
    if not wanted.keys() <= {*MEANINGFUL}:
        return UNKNOWN
    databases = wanted.get("db", [])
    if parts.scheme != "unix" and parts.path not in ("", "/"):  # else it is the socket's
        databases = [*databases, parts.path[1:]]
    if not all(name.isascii() and name.isdigit() for name in databases):
        return NO_DATABASE
    if not {*wanted.get("ssl_cert_reqs", [])} <= {*CHECKS}:
        return NO_CHECK
    return None
