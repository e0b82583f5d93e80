"""Certificates in files: good ones, bad ones, and those that are replaced."""

import logging
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from backend.certificate import Certificate, CertificateError
from tests.conftest import issue


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> Path:
    """A folder with all that may be named by mistake."""
    pair, other = authority.issue_cert("localhost"), authority.issue_cert("localhost")
    pair.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    pair.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    pair.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    other.private_key_pem.write_to_path(str(tmp_path / "other.pem"))
    rsa = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
    rsa.private_key_pem.write_to_path(str(tmp_path / "rsa.pem"))
    key = serialization.load_pem_private_key(pair.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"swordfish"),
    )
    (tmp_path / "locked.pem").write_bytes(locked)
    (tmp_path / "garbage.pem").write_bytes(b"\x30\x82 garbage")
    (tmp_path / "empty.pem").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize("names", [("cert.pem", "key.pem"), ("both.pem", None)])
def test_the_key_is_in_a_file_of_its_own_or_with_the_certificate(
    files: Path, names: tuple[str, str | None]
) -> None:
    """As certbot has them, and as some others do."""
    cert, key = names
    context = Certificate(files / cert, files / key if key else None).context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("cert", "key", "why"),
    [
        ("none.pem", None, "cannot read HERE/none.pem: No such file or directory"),
        ("cert.pem", "none.pem", "cannot read HERE/none.pem: No such file or directory"),
        ("cert.pem", "", "cannot read HERE: Is a directory"),
        ("cert.pem", "other.pem", "the key in HERE/other.pem is not that of HERE/cert.pem"),
        ("cert.pem", "rsa.pem", "the key in HERE/rsa.pem is not that of HERE/cert.pem"),
        ("cert.pem", "locked.pem", "the key in HERE/locked.pem needs a password"),
        ("cert.pem", None, "there are no certificate and key in HERE/cert.pem (in PEM)"),
        ("garbage.pem", None, "there are no certificate and key in HERE/garbage.pem (in PEM)"),
        (
            "key.pem",
            "cert.pem",
            "there are no certificate and key in HERE/key.pem and HERE/cert.pem (in PEM)",
        ),
        (
            "cert.pem",
            "empty.pem",
            "there are no certificate and key in HERE/cert.pem and HERE/empty.pem (in PEM)",
        ),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told_in_a_line(
    files: Path, cert: str, key: str | None, why: str
) -> None:
    """With the file that is wrong; and nobody is asked for a password."""
    with pytest.raises(CertificateError) as raised:
        Certificate(files / cert, None if key is None else files / key)
    assert str(raised.value) == why.replace("HERE", str(files))


def test_a_certificate_that_was_replaced_is_read_again(
    authority: trustme.CA, certfile: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """For those who come then; what the others have is left alone."""
    caplog.set_level(logging.INFO)
    certificate = Certificate(certfile)
    before = certificate.context
    issue(authority, certfile)
    certificate.reload()
    assert certificate.context is not before
    assert [record.message for record in caplog.records] == ["the certificate was read again"]


def test_a_broken_replacement_leaves_the_old_certificate_in_force(
    certfile: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says so in a line."""
    certificate = Certificate(certfile)
    before = certificate.context
    certfile.write_text("half of")
    certificate.reload()
    assert certificate.context is before
    (record,) = caplog.records
    assert record.message == (
        f"the certificate stays as it was: there are no certificate and key in {certfile} (in PEM)"
    )
    assert record.exc_info is None
