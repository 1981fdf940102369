"""What if: one workload with some of its settings varied, every point simulated, one table."""

from wsesim.study.folder import FILES, write_sweep
from wsesim.study.load import load_study
from wsesim.study.run import sweep
from wsesim.study.spec import Parameter, Study
from wsesim.study.table import Row, SweepTable

__all__ = ["FILES", "Parameter", "Row", "Study", "SweepTable", "load_study", "sweep", "write_sweep"]
