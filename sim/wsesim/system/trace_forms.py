"""Which column of a public trace of requests is what.

form          arrival                 prompt              answer             more
wsesim        arrival_s               prompt              output
Azure         TIMESTAMP (time of day) ContextTokens       GeneratedTokens
BurstGPT      Timestamp               Request tokens      Response tokens
Vidur         arrived_at              num_prefill_tokens  num_decode_tokens
Splitwise     arrival_timestamp       prompt_size         token_size
Mooncake      timestamp (ms)          input_length        output_length      hash_ids, blocks of the prompt
Qwen-Bailian  timestamp (s)           input_length        output_length      hash_ids, beside chat_id
LLMServingSim arrival_time_ns         input_toks          output_toks
ShareGPT      none                    conversations: what is said first, and what is answered
OpenAI batch  created, or none        usage of answers, or messages and max_tokens of what is asked

What stands in objects within a record is found as well: `body.max_tokens`, `response.body.usage.prompt_tokens`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from wsesim.errors import InputError, nearest
from wsesim.system.records import Records

SECONDS: Mapping[str, float] = {
    "arrivals": 1.0, "arrivaltimens": 1e-9, "arrivalns": 1e-9, "arrivaltimestamp": 1.0, "arrivedat": 1.0,
    "arrivaltime": 1.0, "arrivalms": 1e-3, "timestampms": 1e-3, "timestamp": 1.0, "starttime": 1.0, "createdat": 1.0,
    "requesttime": 1.0, "requesttimestamp": 1.0, "arrival": 1.0, "time": 1.0, "created": 1.0,
    "arrivalus": 1e-6, "timestampus": 1e-6, "timestampns": 1e-9,
}  # fmt: skip
"""What a number in a column of times counts, by its name without signs and capitals."""
NAMED_UNITS = frozenset(
    {"arrivals", "arrivaltimens", "arrivalns", "arrivalms", "timestampms", "arrivalus", "timestampus", "timestampns"}
)
"""Columns of times whose name says what is counted; what others count, times since 1970 show by their size."""
PROMPTS: Mapping[str, str] = {
    "contexttokens": "Azure", "requesttokens": "BurstGPT", "numprefilltokens": "Vidur",
    "promptsize": "Splitwise", "inputlength": "Mooncake", "inputtoks": "LLMServingSim", "prompttokens": "OpenAI",
    "inputtokens": "plain", "numinputtokens": "plain", "numprompttokens": "plain", "promptlen": "plain",
    "inputlen": "plain", "promptlength": "plain", "prompt": "wsesim",
    "conversations": "ShareGPT", "messages": "ShareGPT", "conversation": "ShareGPT",
}  # fmt: skip
"""The form of which a column of prompts is; those that count tokens before one that may be a text."""
OUTPUTS = (
    "generatedtokens", "responsetokens", "numdecodetokens", "tokensize", "outputlength", "outputtoks",
    "completiontokens", "outputtokens", "numoutputtokens", "numcompletiontokens", "outputlen", "output", "response",
    "completion", "answer",
)  # fmt: skip
MOST = ("maxcompletiontokens", "maxtokens", "maxnewtokens", "maxoutputtokens")
"""Columns of how long answers may be: taken for how long they are where nothing says that."""
ANSWERS = ("gpt", "chatgpt", "assistant", "model", "bot", "bing", "bard")
"""Who answers in a conversation."""
MILLISECONDS = frozenset({"inputlength"})
"""Columns of prompts beside which `timestamp` counts milliseconds (Mooncake, Dynamo), unless there are chats."""
CHATS = "chatid"
"""What traces of Qwen-Bailian have, whose `timestamp` counts seconds (alibaba-edu/qwen-bailian-usagetraces-anon)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceForm:
    """Which column is what."""

    name: str
    arrival: str | None
    """None: the file does not say when requests arrive."""
    unit_s: float
    prompt: str
    output: str | None
    """None where prompts are conversations that have the answers in them."""
    most: str | None
    """How long answers may be, where conversations may have none."""
    blocks: str | None
    priority: str | None
    typed: bool
    """Whether prompts and answers that are text are texts, not slips."""
    unread: tuple[str, ...] = ()
    """Columns that nothing is made of."""
    unit_named: bool = True
    """Whether the column of times says what it counts."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All that is read, in the order of the fields."""
        return tuple(
            name
            for name in (self.arrival, self.prompt, self.output, self.most, self.priority, self.blocks)
            if name is not None
        )


def form_of(records: Records, file: str) -> TraceForm:
    """Tell a form by its columns.

    Raises:
        InputError: no known form has them.
    """
    names = _by_bare_name(records.names, file)
    for name in records.inner:
        names.setdefault(bare_name(name.rpartition(".")[2]), name)
    prompt = next((key for key in PROMPTS if key in names), None)
    output, most = (next((key for key in keys if key in names), None) for keys in (OUTPUTS, MOST))
    talks = prompt is not None and PROMPTS[prompt] == "ShareGPT"
    output = None if talks else output or most
    if prompt is None or (output is None and not talks):
        raise _no_form(records, names, "output" if prompt else "prompt", file)
    arrival = next((key for key in SECONDS if key in names), None)
    unit_s = SECONDS[arrival] if arrival else 0.0
    counts_ms = arrival == "timestamp" and prompt in MILLISECONDS and CHATS not in names
    form = TraceForm(
        name="Qwen-Bailian" if prompt in MILLISECONDS and CHATS in names else PROMPTS[prompt],
        arrival=names[arrival] if arrival else None, unit_s=1e-3 if counts_ms else unit_s, prompt=names[prompt],
        output=names[output] if output else None, most=names[most] if talks and most else None,
        blocks=names.get("hashids"),
        priority=names.get("priority"), typed=records.typed, unit_named=counts_ms or arrival in NAMED_UNITS,
    )  # fmt: skip
    read = {name if name in records.names else name.partition(".")[0] for name in form.columns}
    return replace(form, unread=tuple(name for name in records.names if name and name not in read))


def _no_form(records: Records, names: Mapping[str, str], what: str, file: str) -> InputError:
    """Return what is said where the column of *what* is missing; *names* are those that are there, by bare name."""
    like = ((name, nearest(bare, PROMPTS if what == "prompt" else OUTPUTS)) for bare, name in names.items())
    hint = next((f" ({name!r}{near})" for name, near in like if near), "")
    message = (
        f"no column {what!r}, nor one that says the same in a public trace{hint}; there are: "
        f"{', '.join(records.names)}; needed are arrival_s, prompt and output"
    )
    if len(records.names) == 1 and not records.typed:
        message += ", with commas, tabs or semicolons between them"
    return InputError.at(message, file=file, line=1)


def _by_bare_name(names: tuple[str, ...], file: str) -> dict[str, str]:
    """Return names of columns by what they are without signs and capitals.

    Raises:
        InputError: one stands there twice.
    """
    found: dict[str, str] = {}
    for name in names:
        bare = bare_name(name)
        if bare and bare in found:
            raise InputError.at(f"has two columns {name!r}; keep the one that is meant", file=file, line=1)
        found[bare] = name
    return found


def bare_name(name: str) -> str:
    """Return a name without signs and capitals."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
