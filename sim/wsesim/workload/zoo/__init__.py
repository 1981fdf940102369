"""Files of the Cerebras Model Zoo as workloads: what a machine was, or will be, given itself.

trainer: {init: {model, precision, ...}, fit: {...}}    the current form
model: / train_input: / optimizer: / runconfig:         the form up to release 2.2
            └─ parts ─► sections ─► plain data of a workload, each value with the place it came from
"""

from wsesim.workload.zoo.parts import is_job
from wsesim.workload.zoo.reading import Job, job_of

__all__ = ["Job", "is_job", "job_of"]
