"""What a placement of resident weights can do, as a server sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wsesim.errors import SpecError, require_not_negative, require_positive


@dataclass(frozen=True, slots=True)
class GrowingTime:
    """Seconds that grow evenly with the position of a token."""

    base_s: float
    per_position_s: float

    def sum_s(self, first: float, rounds: float, tokens: int = 1) -> float:
        """Return the sum over *rounds* of *tokens* whose positions add up to *first* and grow by one each round."""
        grown = first * rounds + tokens * rounds * (rounds - 1) / 2
        return tokens * rounds * self.base_s + self.per_position_s * grown


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTimes:
    """What a placement of resident weights can do."""

    prefill_tokens: Sequence[int]
    """Lengths of prompts, rising, from 0."""
    prefill_s: Sequence[float]
    """Time to read each, from its first token in to the first token of its answer."""
    entering_s: Sequence[float]
    """Of it, the time after which another prompt as long follows; chunks of one share it evenly."""
    latency: GrowingTime
    """Of one token through all stages."""
    interval: GrowingTime
    """From one token to the next in a full pipeline."""
    chunk: int
    """Tokens of a prompt that pass at a time."""
    slots: int
    """Sequences held at once."""
    capacity_tokens: int
    """Positions held at once, over all sequences."""
    copies: int = 1
    """That serve side by side, each of all the above; requests go to them in turn."""
    input_latency_s: float = 0.0
    """From the arrival of a request at the host to the first token on the wafers."""
    input_token_s: float = 0.0
    """Of each token of a prompt more."""
    readers: ServiceTimes | None = None
    """Wafers that only read prompts, and hand them over to these, which only write; None: these do both."""
    move_latency_s: float = 0.0
    """To hand over the cache of a prompt."""
    move_token_s: float = 0.0
    """Of each token of it more."""

    def __post_init__(self) -> None:
        require_positive(chunk=self.chunk, slots=self.slots, copies=self.copies)
        if any(enters > 1.000001 * whole for enters, whole in zip(self.entering_s, self.prefill_s, strict=True)):
            raise SpecError("entering_s", "must be at most prefill_s: what has been read has entered")
        require_not_negative(
            input_latency_s=self.input_latency_s, input_token_s=self.input_token_s, move_latency_s=self.move_latency_s,
            move_token_s=self.move_token_s,
        )  # fmt: skip

    @property
    def all_copies(self) -> int:
        """Copies of the model, those that only read prompts included."""
        return self.copies + (self.readers.copies if self.readers else 0)

    def read_s(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the time to read the first *tokens* of a prompt."""
        return np.interp(tokens, self.prefill_tokens, self.prefill_s)

    def enter_s(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the time for which prompts of *tokens* keep the first stage."""
        return np.interp(tokens, self.prefill_tokens, self.entering_s)

    def drain_s(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the time from when prompts of *tokens* have entered to the first token of their answers."""
        return np.maximum(0.0, self.read_s(tokens) - self.enter_s(tokens))

    def chunks(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return in how many parts prompts of *tokens* enter, with a token of each sequence that writes between.

        A token behind a chunk is back when that has drained; until then more of the prompt enters.
        """
        back = np.maximum(1, self.enter_s(tokens) // np.maximum(self.drain_s(tokens), 1e-12))
        found: npt.NDArray[np.int64] = np.minimum(-(-tokens // self.chunk), back).astype(np.int64)
        return found
