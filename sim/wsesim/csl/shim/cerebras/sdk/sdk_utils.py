"""Helpers of host scripts."""

from wsesim.csl.host.utils import calculate_cycles as calculate_cycles
from wsesim.csl.host.utils import input_array_to_u32 as input_array_to_u32
from wsesim.csl.host.utils import memcpy_view as memcpy_view
