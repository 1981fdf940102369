"""Rows nobody has seen, of the kinds there are: other models, grids, lengths, batches, positions, shares of reuse."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from wsesim.validation.groups import CLAIMS, SERVED
from wsesim.validation.score import RowScore, validate

WriteTable = Callable[..., Path]

SIZES = ("n_params_b", "layers", "d_model", "n_heads", "n_kv_heads", "d_head", "d_ffn", "vocab")
MODELS: Mapping[str, dict[str, str]] = {
    name: dict(zip(SIZES, sizes.split(), strict=True))
    for name, sizes in {
        "LLaMA3-8B": "8.03 32 4096 32 8 128 14336 128256",
        "Mistral-7B": "7.24 32 4096 32 8 128 14336 32000",
        "LLaMA2-13B": "13.0 40 5120 40 40 128 13824 32000",
        "Qwen3-1.7B": "1.7 28 2048 16 8 128 6144 151936",
    }.items()
}
ON_GRID = "one WSE-2 at EPCC; tool converts cycles to time at an assumed 1.1 GHz; heads simplified (see the notes file)"
IN_BLOCKS = "real WSE-3 at EPCC; 512x1024 PEs, 2x4 blocks of 256x256, layers per block 2,4,4,4,4,4,4,2"
FILL = 1.1
"""Sizes are filled up to multiples of a grid, which now and then favours one of two neighbours."""
GRIDS = (360, 420, 480, 540, 600, 660, 720)


def on_cs2(model: str, phase: str, grid: str, metric: str, unit: str = "tokens/s", **cells: str) -> dict[str, str]:
    return {
        "system": "CS-2", "phase": phase, "model": model, "ffn_type": "swiglu", "batch_global": "1", "seq_len": "4096",
        "precision": "fp16", "metric": metric, "unit": unit, "notes": f"PE grid {grid}; {ON_GRID}", **MODELS[model],
        **cells,
    }  # fmt: skip


def on_cs3(phase: str, length: str, metric: str, unit: str, **cells: str) -> dict[str, str]:
    return {
        "system": "CS-3", "phase": phase, "model": "Qwen3-1.7B", "ffn_type": "swiglu", "batch_global": "1",
        "seq_len": length, "precision": "fp16", "metric": metric, "unit": unit, "notes": IN_BLOCKS,
        **MODELS["Qwen3-1.7B"], **cells,
    }  # fmt: skip


def run(table: Path) -> dict[str, RowScore]:
    return {score.id: score for score in validate(table).scores}


def value(score: RowScore) -> float:
    assert score.simulated is not None, score.reason
    return score.simulated


@pytest.mark.parametrize("model", ["LLaMA3-8B", "Mistral-7B", "LLaMA2-13B"])
def test_grids_of_wafer_llm(write_table: WriteTable, model: str) -> None:
    """A larger grid reads a prompt faster, by less than its cores; it writes tokens more slowly."""
    prompts = [on_cs2(model, "prefill", f"{n}x{n}", "prefill throughput", id=f"p{n}") for n in GRIDS]
    tokens = [on_cs2(model, "decode", f"{n}x{n}", "decode throughput, 4k context", id=f"d{n}") for n in GRIDS]
    found = run(write_table(*prompts, *tokens))
    assert {score.group for score in found.values()} == {"CS-2 prefill", "CS-2 decode"}
    for small, large in pairwise(GRIDS):
        gain = value(found[f"p{large}"]) / value(found[f"p{small}"])
        assert 1 / FILL < gain < FILL * (large / small) ** 2
    assert 1.5 < value(found["p720"]) / value(found["p360"]) < 3.5
    assert value(found["d360"]) > value(found["d540"]) > value(found["d720"])


def test_the_vocabulary_is_in_no_row_of_layers_alone(write_table: WriteTable) -> None:
    rows = [
        on_cs2(model, "prefill", "600x600", "prefill throughput", id=model) for model in ("LLaMA3-8B", "Mistral-7B")
    ]
    llama, mistral = run(write_table(*rows)).values()
    assert value(llama) == value(mistral)


def test_lengths_of_requests_of_wafer_llm(write_table: WriteTable) -> None:
    """More tokens out of the same prompt spread its time; a longer prompt costs."""
    grid = "600x600 prefill, 420x420 decode"
    rows = [
        on_cs2("LLaMA2-13B", "prefill+decode", grid, f"output tokens / time, {given} in / {written} out",
               id=f"{given}/{written}", seq_len=str(given))
        for given, written in ((1024, 128), (2048, 128), (2048, 1024), (4096, 4096))
    ]  # fmt: skip
    found = run(write_table(*rows))
    assert {score.group for score in found.values()} == {"CS-2 end to end"}
    assert value(found["2048/128"]) < value(found["1024/128"]) < value(found["2048/1024"]) < value(found["4096/4096"])


def test_sizes_of_a_matrix_vector_product(write_table: WriteTable) -> None:
    sizes = ("8192x8192", "16384x8192", "16384x16384", "65536x65536")
    empty = dict.fromkeys(("layers", "d_model", "n_heads", "seq_len", "batch_global"), "")
    rows = [{**empty, "id": size, "phase": "operator", "model": f"GEMV {size}", "metric": "latency", "unit": "ms"}
            for size in sizes]  # fmt: skip
    times = [value(score) for score in run(write_table(*rows)).values()]
    assert times == sorted(times)
    assert len(set(times)) == 4


def test_prompts_positions_and_shares_of_wafer_engine(write_table: WriteTable) -> None:
    reused = "prefill cycles, 8192 tokens, share of prefix reused (percent)="
    rows = [
        on_cs3("prefill", str(n), "device time of a full prefill, chunk 256", "ms", id=f"p{n}") for n in (768, 2048)
    ]
    rows += [on_cs3("prefill", "8192", f"{reused}{n}", "cycles", id=f"r{n}") for n in ("0", "12.5", "50", "90")]
    rows += [
        on_cs3("decode", str(n), "decode time per token at a position", "us/token", id=f"d{n}") for n in (16, 4096)
    ]
    rows += [
        on_cs3("host I/O", str(n), "host-to-wafer KV upload over four bands", "ms", id=f"h{n}") for n in (128, 8192)
    ]
    found = run(write_table(*rows))
    assert {score.group for score in found.values()} == {"CS-3 prefill", "CS-3 decode", "CS-3 host I/O"}
    assert value(found["p768"]) < value(found["p2048"]) < 4 * value(found["p768"])
    shares = [value(found[f"r{n}"]) for n in ("0", "12.5", "50", "90")]
    assert shares == sorted(shares, reverse=True)
    assert value(found["d16"]) < value(found["d4096"])
    assert value(found["h8192"]) / value(found["h128"]) > 5


def test_ranges_of_wafer_engine(write_table: WriteTable) -> None:
    """They stand in the id or the metric; what does not end where the row does is no range."""
    phase, metric = "decode (teacher-forced, pipelined)", "marginal time per token in a position range"
    rows = [
        on_cs3(phase, "4096", metric, "us/token", id="E9-forced-1024-4096"),
        on_cs3(phase, "4096", f"{metric}, 1024-4096", "us/token", id="stated"),
        on_cs3(phase, "4096", metric, "us/token", id="7-8"),
        on_cs3(phase, "4096", metric, "us/token", id="2048-4096"),
        on_cs3(phase, "8192", metric, "us/token", id="4096-8192"),
    ]
    found = {name: value(score) for name, score in run(write_table(*rows)).items()}
    assert found["E9-forced-1024-4096"] == found["stated"] < found["2048-4096"] == found["7-8"] < found["4096-8192"]


def test_batches_of_tokens(write_table: WriteTable) -> None:
    """Several sequences share a step, which is longer, but by less than their number."""
    rows = [on_cs2("LLaMA3-8B", "decode", "660x660", "decode throughput", id=n, batch_global=n, seq_len="512")
            for n in ("1", "2", "4")]  # fmt: skip
    one, two, four = (value(score) for score in run(write_table(*rows)).values())
    assert one <= two <= four < 4 * one


def test_what_ran_is_asked_though_it_has_no_room_here(write_table: WriteTable) -> None:
    """In every unit of time that rows have."""
    grid = {"system": "CS-3", "notes": "PE grid 600x600; one WSE-3 at EPCC", "seq_len": "512"}
    units = {"tokens/s": 1.0, "tokens/second": 1.0, "tokens/s/user": 1.0, "s/token": -1.0, "ms/token": -1e3, "ms": -1e3}
    rows = [on_cs2("LLaMA3-8B", "decode", "", "decode", unit, id=unit, **grid) for unit in units]
    found = run(write_table(*rows))
    assert all(score.note.startswith("it ran, yet does not fit: ") for score in found.values())
    rate = value(found["tokens/s"])
    assert {unit: value(score) for unit, score in found.items()} == {
        unit: pytest.approx(rate if factor > 0 else -factor / rate) for unit, factor in units.items()
    }


def test_cycles_are_compared_where_a_row_counts_them(write_table: WriteTable) -> None:
    row = on_cs2("LLaMA3-8B", "prefill", "600x600", "prefill throughput", id="a", value="25000")
    (score,) = validate(write_table({**row, "device_cycles": "180224000"})).scores
    assert (score.unit, score.measured) == ("cycles", 180224000)
    (plain,) = validate(write_table(row)).scores
    assert plain.unit == "tokens/s"
    assert value(score) * value(plain) == pytest.approx(4096 * 1.1e9)


def test_a_service_is_no_measurement(write_table: WriteTable) -> None:
    claim = {**on_cs3("inference (served)", "", "output speed per user", "tokens/s/user"), "notes": "one wafer"}
    (score,) = validate(write_table(claim)).scores
    assert score.group == CLAIMS[SERVED]
    assert value(score) > 0


@pytest.mark.parametrize("system", ["CS-1", "CS-9"])
def test_a_machine_without_published_inference(write_table: WriteTable, system: str) -> None:
    row = on_cs2("Mistral-7B", "prefill", "480x480", "prefill throughput", system=system)
    (score,) = validate(write_table(row)).scores
    assert (score.simulated is None) == (system == "CS-9")
