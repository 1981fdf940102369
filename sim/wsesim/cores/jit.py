"""Whether the engine is compiled: known before the compiler is imported, which takes a while."""

from __future__ import annotations

import os
from importlib.util import find_spec

INSTALL = "pip install numba"
"""What compiles the simulator of cores; the extra `cores` of this package is the same."""
COMPILED = find_spec("numba") is not None and os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
"""Whether it is compiled with numba; where numba is not installed or is told not to, the same source runs as it is."""
