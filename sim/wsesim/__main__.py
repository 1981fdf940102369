"""Run the command line, as ``wsesim`` and as ``python -m wsesim``.

An interrupt is one line, also while the command line is imported.
"""

import sys


def main() -> None:
    """Import the command line, run it and exit."""
    try:
        from wsesim.cli import main

        main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
