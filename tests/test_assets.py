"""The page's files: their names, and where they say that telnet is."""

import gzip
import re
from pathlib import Path

import pytest

from backend.app import Bound
from backend.config import frontend_folder
from backend.net.assets import Assets
from tests.talkers import ask

PAGE = """<meta name="telnet" content="">
<link rel="icon" href="icon.svg"><link rel="stylesheet" href="css/a.css">
<script type="module" src="js/main.js"></script>
<a href="https://example.org/js/main.js">elsewhere</a> <a href="#top">up</a>
<code>telnet HOST PORT</code>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A page with a style, a script and an icon; and a file that is nobody's business."""
    for name, text in {
        "index.html": PAGE,
        "css/a.css": "a {}",
        "js/main.js": "import './b.js';",
        "js/b.js": "0",
        "icon.svg": "<svg/>",
        ".env": "SECRET=1",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_page_names_its_files_by_a_version_of_their_bytes(folder: Path) -> None:
    """Links to elsewhere stay as they are."""
    assets = Assets(folder)
    page = assets.page("", None).body.decode()
    for name in ("icon.svg", "css/a.css", "js/main.js"):
        assert f'"{assets.version}/{name}"' in page
        asset = assets.get(f"{assets.version}/{name}")
        assert asset is not None
        assert asset.is_lasting
    assert '"https://example.org/js/main.js"' in page
    assert '"#top"' in page
    assert not assets.page("", None).is_lasting


def test_any_change_to_any_file_is_a_new_version(folder: Path) -> None:
    """Also to one that only another script names; and the same bytes are the same version."""
    before = Assets(folder)
    assert Assets(folder).version == before.version
    (folder / "js" / "b.js").write_text("1")
    after = Assets(folder)
    assert after.version != before.version
    # A page of before may still ask for it by its old name: once, not for ever.
    old = after.get(f"{before.version}/js/b.js")
    assert old is not None
    assert (old.body, old.is_lasting) == (b"1", False)


@pytest.mark.parametrize(
    "name", [".env", "../x", "index.html", "js", "", "js/none.js", "x/icon.svg"]
)
def test_nothing_else_is_to_be_had(folder: Path, name: str) -> None:
    """Not even the page under another name: it would not say where telnet is."""
    assets = Assets(folder)
    assert assets.get(name) is None
    assert assets.get(f"{assets.version}/{name}") is None


@pytest.mark.parametrize(
    ("host", "port", "told", "typed"),
    [
        ("localhost", 12345, "localhost 12345", "telnet localhost 12345"),
        ("", 23, " 23", "telnet HOST 23"),
        ("", None, "", "telnet HOST PORT"),
        ('"><script>', 23, "&quot;&gt;&lt;script&gt; 23", "telnet &quot;&gt;&lt;script&gt; 23"),
    ],
)
def test_the_page_says_where_telnet_is(
    folder: Path, host: str, port: int | None, told: str, typed: str
) -> None:
    """To its scripts and to people without them."""
    page = Assets(folder).page(host, port).body.decode()
    assert f'<meta name="telnet" content="{told}">' in page
    assert f"<code>{typed}</code>" in page


def get(path: str, *headers: str) -> bytes:
    """A plain request."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


async def test_files_are_compressed_for_those_who_can_read_it(room: Bound) -> None:
    """And a cache is told that it matters who asks."""
    assets = Assets(frontend_folder())
    path = f"/{assets.version}/js/main.js"
    plain = await ask(room, get(path))
    head, _, body = plain.partition(b"\r\n\r\n")
    assert b"content-encoding" not in head
    packed_head, _, packed = (await ask(room, get(path, "Accept-Encoding: br, gzip"))).partition(
        b"\r\n\r\n"
    )
    assert b"content-encoding: gzip" in packed_head
    assert gzip.decompress(packed) == body
    assert len(packed) < len(body)
    for each in (head, packed_head):
        assert b"vary: Accept-Encoding" in each
        assert b"cache-control: public, max-age=31536000, immutable" in each
    refused = await ask(room, get(path, "Accept-Encoding: gzip;q=0, identity"))
    assert refused.endswith(body)


async def test_the_page_of_this_room_says_where_its_telnet_is(room: Bound) -> None:
    """As a visitor would type it."""
    page = (await ask(room, get("/"))).decode()
    assert f'name="telnet" content="{room.host} {room.telnet_port}"' in page
    (main,) = re.findall(r'src="([0-9a-f]{12}/js/main.js)"', page)
    assert b"immutable" in await ask(room, get(f"/{main}"))
