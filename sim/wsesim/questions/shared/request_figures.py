"""Figures of a request on resident weights: of prompts that are read, of tokens that are written, and of both."""

from __future__ import annotations

from wsesim.answer import FigureSpec
from wsesim.questions.shared.price import POWER_FIGURES

TTFT = FigureSpec(name="ttft_s", label="time to first token", meaning="prompt in, prompt read, first token known",
                  better="less")  # fmt: skip
TPOT = FigureSpec(name="tpot_s", label="time per output token", meaning="mean over those that are written",
                  better="less")  # fmt: skip
READ_FIGURES = (
    TTFT,
    FigureSpec(name="prompt_tokens_per_s", label="prompt tokens per second", meaning="tokens of prompts that were "
               "computed, over the time to read them", better="more"),
    FigureSpec(name="prompt_read_s", label="prompt read", meaning="the time to read the prompts held, once they have "
               "arrived", better="less"),
    FigureSpec(name="chunk", label="chunk", meaning="tokens of a prompt that pass at a time"),
)  # fmt: skip
WRITE_FIGURES = (
    TPOT,
    FigureSpec(name="tokens_per_s_user", label="tokens per second", meaning="1 / time per output token, for each user",
               better="more"),
    FigureSpec(name="tokens_per_s", label="tokens per second, all", meaning="of all sequences held, together",
               better="more"),
    FigureSpec(name="interval_s", label="interval", meaning="from one token to the next of a full pipeline",
               better="less"),
    FigureSpec(name="users_to_fill", label="users to fill the pipeline", meaning="time per output token over the "
               "interval; beyond them, each waits for the others"),
)  # fmt: skip
FULL_REQUEST = FigureSpec(name="full_request_s", label="time per request in a full pipeline", meaning="of mean length, "
                         "read and written while others always wait: of all copies, the time from one to the next",
                         better="less")  # fmt: skip
COMMON_FIGURES = (
    FigureSpec(name="total_s", label="whole request", meaning="from the prompt's arrival to the last token",
               better="less"),
    FigureSpec(name="total_cycles", label="cycles of the request", meaning="the same at the cores' clock",
               better="less"),
    FigureSpec(name="mfu", label="MFU", meaning="matrix FLOPs of the request / (its time × peak of all wafers)",
               better="more"),
    *POWER_FIGURES,
    FigureSpec(name="flops", label="FLOPs", meaning="matrix FLOPs of the request"),
    FigureSpec(name="wafers", label="wafers", meaning="in use"),
    FigureSpec(name="replicas", label="replicas", meaning="copies of the model, each on wafers of its own"),
    FigureSpec(name="stages", label="stages", meaning="of the pipeline"),
    FigureSpec(name="cache_in_s", label="cache upload", meaning="the cache of all positions copied from hosts into "
               "cores' memory", better="less"),
    FigureSpec(name="cache_out_s", label="cache download", meaning="the same copied out", better="less"),
)  # fmt: skip
