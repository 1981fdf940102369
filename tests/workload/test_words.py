"""What others call keys, values and units leads to what is meant here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.errors import InputError
from wsesim.questions.registry import kinds
from wsesim.units import Dimension, parse
from wsesim.workload import setting_names, words

BASE = {"model": {"layers": 2, "width": 64, "heads": 4}, "batch": {"sequences": 4, "length": 8}, "cluster": "cs-2"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": {"layers": 2, "hidden_size": 64}}, "unknown key 'hidden_size' in model, did you mean 'width'?"),
        ({"model": {"num_hidden_layers": 2, "width": 64}}, "did you mean 'layers'?"),
        ({"batch": {"batch_size": 4}}, "did you mean 'sequences'?"),
        ({"batch_size": 4}, "unknown key 'batch_size'; here it is batch.sequences"),
        ({"cluster": {"machine": "cs-2", "num_csx": 2}}, "did you mean 'systems'?"),
        ({"batch": {"sequences": 4, "max_seq_len": 8}}, "unknown key 'max_seq_len' in batch, did you mean 'length'?"),
        ({"systems": 2}, "unknown key 'systems'; here it is cluster.systems"),
        ({"model": {"layers": 2, "width": 64, "dropout": 0.1}}, "'dropout' in model; no time depends on it: leave it"),
        ({"phase": "decode", "inference": {"batch_size": 4}}, "'batch_size' in inference, did you mean 'batch'?"),
        ({"phase": "serving", "serving": {"max_model_len": 4}}, "in serving, did you mean 'longest'?"),
        ({"phase": "serving", "serving": {"rate": 4, "slo_ttft": "1 second"}}, "unit 'second', did you mean 's'?"),
        ({"dtype": "bf16"}, "unknown key 'dtype', did you mean 'precision'?"),
        ({"precision": "bfloat16"}, "got 'bfloat16', did you mean 'bf16'?"),
        ({"precision": "cbfloat16"}, "did you mean 'cb16'?"),
        ({"precision": "float16"}, "did you mean 'mixed'?"),
        ({"precision": "torch.bfloat16"}, "did you mean 'bf16'?"),
        ({"precision": "fp8"}, "quantized weights come with a model: model.config names"),
        ({"fp16": True}, "unknown key 'fp16', did you mean 'precision'?"),
        ({"tensor_parallel_size": 8}, "each of cluster.systems takes a share of the batch"),
        ({"gradient_accumulation_steps": 8}, "a step's batch.sequences pass in parts of batch.micro_batch"),
        ({"optimizer": "adamw"}, "is software.training.state_bytes_per_parameter"),
        ({"num_train_epochs": 3}, "a run is as long as its token_budget, in tokens"),
        ({"max_num_seqs": 3}, "here it is inference.batch"),
        ({"phase": "decode", "inference": {"max_num_seqs": 4}}, "did you mean 'batch'?"),
        ({"gpu_memory_utilization": 0.9}, "inference.batch says of how many sequences"),
        ({"lora_rank": 8}, "here it is model.adapter_rank"),
        ({"cluster": "wse3"}, "got 'wse3', did you mean 'cs-3'?"),
        ({"cluster": "condor-galaxy"}, "did you mean 'cg-1'?"),
        ({"cluster": "h100"}, "GPUs stand beside an answer: wsesim run --gpu NAME"),
        ({"model": "gpt3"}, "did you mean 'gpt3-"),
        ({"model": "opt-125m"}, "others come from a file, {config: NAME.json}"),
        ({"phase": "fine_tuning"}, "did you mean 'training'?"),
        ({"hardware": {"wafer.io": "150 gigabytes/s"}}, "unit 'gigabytes/s', did you mean 'GB/s'?"),
        ({"hardware": {"wafer.io": "150 GB"}}, "does not measure bytes per second, did you mean 'GB/s'?"),
        ({"hardware": {"core.clock": "1.1G"}}, "unit 'G', did you mean 'GHz'?"),
        ({"hardware": {"core.sram": "48 kib"}}, "write 'KiB' if bytes were meant"),
        ({"phase": "eval"}, "did you mean 'evaluation'?"),
        ({"hardware": {"wafer.io": "150 GBytes"}}, "has the unknown unit 'GBytes', did you mean 'GB/s'?"),
        ({"hardware": {"wafer.io": "150 Gbpss"}}, "has the unknown unit 'Gbpss', did you mean 'Gbps'?"),
    ],
)  # fmt: skip
def test_hints(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        questions.ask(BASE | changes, file="w.yaml", folder=Path())
    assert any(said in problem.message for problem in caught.value.problems), caught.value


def test_bytes_a_second_may_be_written_as_the_field_does() -> None:
    assert parse("150 GBps", Dimension.BYTES_PER_SECOND) == 150 * 10**9
    assert parse("150 Gbps", Dimension.BYTES_PER_SECOND) == 150 * 10**9 / 8


@pytest.mark.parametrize(
    ("setting", "said"),
    [("clock=1 GHz", "did you mean 'hardware.core.clock'?"), ("model.hidden_size=8", "did you mean 'model.width'?"),
     ("num_csx=2", "did you mean 'cluster.systems'?"), ("token_budget=15T", "write 15000000000000")],
)  # fmt: skip
def test_hints_for_settings(setting: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        questions.ask(BASE, file="w.yaml", folder=Path(), settings=(setting,))
    assert said in str(caught.value)


def test_every_word_leads_to_a_setting_that_there_is() -> None:
    known = {name for kind in kinds().values() for name in setting_names(kind.file)}
    assert set(words._KEYS) <= known
    assert not set(words._ELSEWHERE) & {name.rpartition(".")[2] for name in known}, "what is a key here needs no hint"
