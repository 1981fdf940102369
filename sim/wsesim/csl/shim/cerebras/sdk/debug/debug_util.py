"""What is left of a run."""

from wsesim.csl.host.debug import debug_util as debug_util
