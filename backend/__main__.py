"""``python -m backend``: the same as the installed ``playroom``."""

import sys


def main() -> None:
    """Run the command line, also for those who press ^C before it has even been loaded."""
    try:
        from backend import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
