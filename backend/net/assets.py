"""The page's files as they are served: small, compressed, under names that change with them.

The page is small and read once, at the start: then no request can reach another file. Knows
nothing of HTTP but media types.
"""

import gzip
import hashlib
import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import rcssmin
import rjsmin

MIME_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""Said outright: what the standard library guesses depends on the machine."""

INDEX = "index.html"

_VERSIONED = re.compile(r"[0-9a-f]{12}/(.+)")

_SMALLER: dict[str, Callable[[str], str]] = {".css": rcssmin.cssmin, ".js": rjsmin.jsmin}
"""What takes away comments and spaces, which are there for those who read the source."""

_VALUE = re.compile(r'(?<==")[^"]+(?=")')
"""An attribute's; those that are a file's name are links."""


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes:
        body: its bytes.
        mime_type: what they are.
        is_lasting: whether there will never be other bytes under this name.
    """

    body: bytes
    mime_type: str
    is_lasting: bool

    @cached_property
    def compressed(self) -> bytes:
        """The bytes in gzip."""
        return gzip.compress(self.body, mtime=0)


class Assets:
    """The files of a folder; ``version`` stands for all of their bytes.

    Scripts import each other by relative names, so one version of all of them, in front, makes
    every name new when any of them changes. A page that was loaded before that still finds the
    present ones.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _small(path)
            for path in sorted(folder.rglob("*"))
            if path.suffix in MIME_TYPES
        }
        digest = hashlib.blake2b(digest_size=6)
        for name, body in self._files.items():
            digest.update(f"{name} {len(body)} ".encode() + body)
        self.version = digest.hexdigest()
        self._assets: dict[str, Asset] = {}
        for name in self._files.keys() - {INDEX}:
            self._assets[name] = self._asset(name, is_lasting=False)
            self._assets[f"{self.version}/{name}"] = self._asset(name, is_lasting=True)

    def get(self, name: str) -> Asset | None:
        """The file that is served under this path, without the slash before it."""
        if asset := self._assets.get(name):
            return asset
        older = _VERSIONED.fullmatch(name)
        return self._assets.get(older[1]) if older else None

    def page(self, host: str, port: int | None) -> Asset:
        """The page, telling where telnet is.

        Args:
            host: the telnet door's; empty if it is at every address of this machine.
            port: likewise; None if there is no such door.
        """
        text = _VALUE.sub(self._lasting, self._files[INDEX].decode())
        where = "" if port is None else html.escape(f"{host} {port}")
        text = text.replace('name="telnet" content=""', f'name="telnet" content="{where}"')
        if port is not None:
            text = text.replace("telnet HOST PORT", f"telnet {html.escape(host) or 'HOST'} {port}")
        return Asset(text.encode(), MIME_TYPES[".html"], is_lasting=False)

    def _asset(self, name: str, *, is_lasting: bool) -> Asset:
        return Asset(self._files[name], MIME_TYPES[Path(name).suffix], is_lasting)

    def _lasting(self, link: re.Match[str]) -> str:
        return f"{self.version}/{link[0]}" if link[0] in self._assets else link[0]


def _small(path: Path) -> bytes:
    smaller = _SMALLER.get(path.suffix, str)
    return smaller(path.read_text(encoding="utf-8")).encode()
