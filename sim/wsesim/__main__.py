"""Run the command line, as ``wsesim`` and as ``python -m wsesim``.

An interrupt is one line, also while the command line is imported.
"""

import gc
import os
import sys

BETWEEN_COLLECTIONS = 200_000
"""Things made, less those that are gone, until rings of them are looked for: of what imports make, nothing is one."""
NO_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"
"""What is installed beside has no say in how files are read, so nobody need look through all of it for plugins."""


def main() -> None:
    """Import the command line, run it and exit; what is left then goes with the process, and is not looked through."""
    gc.set_threshold(BETWEEN_COLLECTIONS, 20, 20)
    os.environ.setdefault(NO_PLUGINS, "__all__")
    try:
        from wsesim.cli import main

        main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()
