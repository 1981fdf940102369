"""Types of copies, where scripts of the appliance import them from."""

from wsesim.csl.host.arrays import MemcpyDataType as MemcpyDataType
from wsesim.csl.host.arrays import MemcpyOrder as MemcpyOrder
