"""The client of the vendor's appliance, answered by the simulator on this computer."""

from wsesim.csl.host import utils as sdk_utils  # noqa: F401
from wsesim.csl.host.client import SdkCompiler as SdkCompiler
from wsesim.csl.host.client import SdkLauncher as SdkLauncher
from wsesim.csl.host.reporting import report_cleanly
from wsesim.csl.host.runtime import SdkRuntime as SdkRuntime

report_cleanly()
