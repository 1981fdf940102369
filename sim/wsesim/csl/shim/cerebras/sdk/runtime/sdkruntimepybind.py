"""Names that host scripts import from the vendor's runtime; not affiliated with the vendor."""

from wsesim.csl.host.arrays import MemcpyDataType as MemcpyDataType
from wsesim.csl.host.arrays import MemcpyOrder as MemcpyOrder
from wsesim.csl.host.geometry import Edge as Edge
from wsesim.csl.host.geometry import RouteSide as Route  # noqa: F401
from wsesim.csl.host.geometry import RoutingPosition as RoutingPosition
from wsesim.csl.host.geometry import SdkColor as Color  # noqa: F401
from wsesim.csl.host.geometry import get_edge_routing as get_edge_routing
from wsesim.csl.host.layout import SdkLayout as SdkLayout
from wsesim.csl.host.platform import SdkCompileArtifacts as SdkCompileArtifacts
from wsesim.csl.host.platform import SdkExecutionPlatform as SdkExecutionPlatform
from wsesim.csl.host.platform import SdkTarget as SdkTarget
from wsesim.csl.host.platform import SimfabConfig as SimfabConfig
from wsesim.csl.host.platform import get_platform as get_platform
from wsesim.csl.host.platform import get_simulator as get_simulator
from wsesim.csl.host.platform import get_system as get_system
from wsesim.csl.host.reporting import report_cleanly
from wsesim.csl.host.runtime import SdkRuntime as SdkRuntime
from wsesim.csl.host.session import Task as Task

report_cleanly()
