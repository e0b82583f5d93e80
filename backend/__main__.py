"""``python -m backend``: the same as the installed ``playroom``."""

from backend.cli import main

if __name__ == "__main__":
    main()
