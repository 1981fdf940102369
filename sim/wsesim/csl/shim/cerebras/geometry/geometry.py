"""Points and rectangles."""

from wsesim.csl.host.geometry import IntRectangle as IntRectangle
from wsesim.csl.host.geometry import IntVector as IntVector
