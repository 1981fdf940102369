"""Files of the Cerebras Model Zoo as workloads: what a machine was, or will be, given itself.

trainer: {init: {model, precision, ...}, fit: {...}}    the current form
model: / train_input: / optimizer: / runconfig:         the form up to release 2.2
            └─ parts ─► sections ─► plain data of a workload, each value with the place it came from

Importing this package is cheap: its tables are imported by the function that needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsesim.workload.zoo.reading import Job
    from wsesim.yamlfile import Document

__all__ = ["is_job", "job_of"]
FLAT = frozenset({"train_input", "eval_input", "runconfig"})
"""Keys of which the old form has one, beside `model`."""


def is_job(data: object) -> bool:
    """Return whether the data of a file is a job of the Model Zoo, of either form."""
    if not isinstance(data, Mapping):
        return False
    return "trainer" in data or ("model" in data and bool(FLAT & data.keys()))


def job_of(document: Document) -> Job:
    """Return the workload that a job of the Model Zoo comes to.

    Raises:
        InputError: a model or a value that has no mechanism here, or a part that is not what it has to be.
    """
    from wsesim.workload.zoo.reading import job_of

    return job_of(document)
