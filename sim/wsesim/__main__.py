"""Run the command line as ``python -m wsesim``."""

from wsesim.cli import main

if __name__ == "__main__":
    main()
