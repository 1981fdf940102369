"""Names that host scripts import from the vendor's runtime; not affiliated with the vendor."""

from wsesim.csl.host.platform import SdkCompileArtifacts as SdkCompileArtifacts
from wsesim.csl.host.platform import SdkExecutionPlatform as SdkExecutionPlatform
from wsesim.csl.host.platform import SdkTarget as SdkTarget
from wsesim.csl.host.platform import SimfabConfig as SimfabConfig
from wsesim.csl.host.platform import get_platform as get_platform
from wsesim.csl.host.platform import get_simulator as get_simulator
from wsesim.csl.host.platform import get_system as get_system
from wsesim.csl.host.arrays import MemcpyDataType as MemcpyDataType
from wsesim.csl.host.arrays import MemcpyOrder as MemcpyOrder
from wsesim.csl.host.runtime import SdkRuntime as SdkRuntime
from wsesim.csl.host.runtime import Task as Task
