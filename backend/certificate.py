"""What TLS shows to whoever connects: a certificate and its key, from files that may be replaced.

Knows files and OpenSSL, and no connection.
"""

import logging
import ssl
from pathlib import Path
from typing import NoReturn

log = logging.getLogger("playroom")

_MISMATCH = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
"""What OpenSSL says of a key and a certificate that are not one pair."""


class CertificateError(Exception):
    """There is no certificate to be had; ``str(error)`` says why."""


class Certificate:
    """A certificate and its key.

    Args:
        certfile: the certificate, with those between it and its authority behind it, in PEM.
        keyfile: its key, likewise; None if that is in the same file.

    Attributes:
        context: for the next connection; another one after each reload.

    Raises:
        CertificateError: they cannot be used.
    """

    def __init__(self, certfile: Path, keyfile: Path | None = None) -> None:
        self._certfile = certfile
        self._keyfile = keyfile
        self.context = self._load()

    def reload(self) -> None:
        """Read the files again; if they cannot be used, what was there before stays in force."""
        try:
            self.context = self._load()
        except CertificateError as error:
            log.error("the certificate stays as it was: %s", error)
        else:
            log.info("the certificate was read again")

    def _load(self) -> ssl.SSLContext:
        # A new context each time: one that has taken the new certificate and not the new key is
        # of no use, and a client's ticket of before would spare it the new certificate.
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # or it is what the system says
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        keyfile = self._keyfile or self._certfile
        for file in (self._certfile, keyfile):
            try:
                file.open("rb").close()  # OpenSSL would not say which of the two it is
            except OSError as error:
                raise CertificateError(f"cannot read {file}: {error.strerror}") from error
        try:
            context.load_cert_chain(self._certfile, keyfile, self._ask_nobody)
        except (OSError, ValueError) as error:
            raise CertificateError(self._explain(error)) from error
        return context

    def _ask_nobody(self) -> NoReturn:
        # Without this OpenSSL asks at the terminal, and waits.
        raise CertificateError(f"the key in {self._keyfile or self._certfile} needs a password")

    def _explain(self, error: OSError | ValueError) -> str:
        reason = getattr(error, "reason", None) or ""
        if reason in _MISMATCH:
            return f"the key in {self._keyfile or self._certfile} is not that of {self._certfile}"
        if reason.isupper():
            return f"{self._certfile}: {reason.replace('_', ' ').lower()}"
        where = f"{self._certfile} and {self._keyfile}" if self._keyfile else self._certfile
        return f"there are no certificate and key in {where} (in PEM)"
