"""The flags of TLS, and what comes of them: a certificate, or one clear line.

Knows what the flags need of each other, and nothing of what is served by TLS.
"""

from pathlib import Path

import click

from backend.certificate import Certificate, CertificateError
from backend.options import PortOrOff, together

tls_options = together(
    click.option(
        "--certfile",
        envvar="CERTFILE",
        type=click.Path(path_type=Path),
        help="A certificate in PEM, with its chain: the page and websockets are served by TLS "
        "then, and SIGHUP has the file read again.  [default: no TLS]",
    ),
    click.option(
        "--keyfile",
        envvar="KEYFILE",
        type=click.Path(path_type=Path),
        help="Its private key in PEM, without a password.  [default: in the certificate's file]",
    ),
    click.option(
        "--telnet-tls-port",
        envvar="TELNET_TLS_PORT",
        type=PortOrOff(),
        default="off",
        help='Telnet over TLS, with the same certificate; 0 for any free port, "off" for none.',
    ),
)
"""Those that ``certificate`` makes something of."""


def certificate(
    certfile: Path | None, keyfile: Path | None, telnet_tls_port: int | None
) -> Certificate | None:
    """The certificate that is asked for, if any.

    Raises:
        click.UsageError: another flag needs one.
        click.ClickException: it cannot be used.
    """
    if certfile is None:
        for flag, value in (("--keyfile", keyfile), ("--telnet-tls-port", telnet_tls_port)):
            if value is not None:
                raise click.UsageError(f"{flag} needs a certificate: --certfile")
        return None
    try:
        return Certificate(certfile, keyfile)
    except CertificateError as error:
        raise click.ClickException(str(error)) from None
