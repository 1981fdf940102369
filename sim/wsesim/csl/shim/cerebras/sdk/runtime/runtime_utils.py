"""Older names of helpers of host scripts."""

from wsesim.csl.host.utils import calculate_cycles as calculate_cycles
from wsesim.csl.host.utils import convert_input_tensor as convert_input_tensor
from wsesim.csl.host.utils import format_output_tensor as format_output_tensor
from wsesim.csl.host.utils import input_array_to_u32 as input_array_to_u32
from wsesim.csl.host.utils import memcpy_view as memcpy_view
from wsesim.csl.host.utils import prepare_output_tensor as prepare_output_tensor
