"""Running rows and comparing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim.software import load_software
from wsesim.validation.score import ModelValidation, RowScore, validate

WriteTable = Callable[..., Path]

HELD_OUT: dict[str, dict[str, str]] = {
    "BERT-base, large batch": {
        "model": "BERT-base", "n_params_b": "0.11", "layers": "12", "d_model": "768", "n_heads": "12",
        "n_kv_heads": "12", "d_head": "64", "d_ffn": "3072", "vocab": "30522", "seq_len": "128",
        "batch_global": "4096", "value": "20000",
    },
    "GPT3 20B": {
        "model": "GPT3-20B", "n_params_b": "20", "layers": "44", "d_model": "6144", "n_heads": "64",
        "n_kv_heads": "64", "d_head": "96", "d_ffn": "24576", "seq_len": "2048", "batch_global": "1024", "value": "8",
    },
    "Llama-7B, CS-3": {
        "system": "CS-3", "model": "Llama-2-7B", "n_params_b": "6.7", "layers": "32", "d_model": "4096",
        "n_heads": "32", "n_kv_heads": "32", "d_head": "128", "d_ffn": "11008", "ffn_type": "swiglu", "vocab": "32000",
        "seq_len": "2048", "batch_global": "64", "value": "60000", "unit": "tokens/s",
    },
    "GPT-J": {
        "model": "GPT-J-6B", "n_params_b": "6.05", "layers": "28", "d_model": "4096", "n_heads": "16",
        "n_kv_heads": "16", "d_head": "256", "d_ffn": "16384", "vocab": "50400", "seq_len": "2048",
        "batch_global": "50", "value": "2.5", "unit": "s",
    },
    "Llama-3-8B, two systems": {
        "system": "CS-3", "n_systems": "2", "model": "Llama-3-8B", "n_params_b": "8.03", "layers": "32",
        "d_model": "4096", "n_heads": "32", "n_kv_heads": "8", "d_head": "128", "d_ffn": "14336", "ffn_type": "swiglu",
        "vocab": "128256", "seq_len": "8192", "batch_global": "32", "value": "60000", "unit": "tokens/s",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HELD_OUT)
def test_rows_nobody_has_seen_run(write_table: WriteTable, name: str) -> None:
    (score,) = validate(write_table(HELD_OUT[name])).scores
    assert score.reason == ""
    assert score.simulated is not None
    assert score.error is not None
    assert 0.2 < score.simulated / score.measured < 5


def test_a_score_by_hand() -> None:
    score = RowScore(id="a", group="g", metric="m", unit="s", measured=4.0, simulated=5.0, naive=2.0)
    assert (score.error, score.naive_error) == (0.25, -0.5)
    skipped = RowScore(id="a", group="g", metric="m", unit="s", measured=4.0, simulated=None, naive=None, reason="why")
    assert (skipped.error, skipped.naive_error) == (None, None)


def _score(name: str, simulated: float | None, group: str = "g") -> RowScore:
    return RowScore(
        id=name, group=group, metric="m", unit="s", measured=100.0, simulated=simulated,
        naive=None if simulated is None else 150.0,
    )  # fmt: skip


def test_a_summary_by_hand() -> None:
    scores = (_score("a", 90), _score("b", 130), _score("c", 101), _score("d", None), _score("e", None, "other"))
    summary = ModelValidation(scores=scores).summary()
    assert list(summary) == ["g", "other"]
    group = summary["g"]
    assert (group.rows, group.run, group.worst_id) == (4, 3, "b")
    assert (group.median, group.worst) == pytest.approx((0.1, 0.3))
    assert (group.naive_median, group.naive_worst) == pytest.approx((0.5, 0.5))
    assert group.signed_median == pytest.approx(0.01)
    assert group.met is None
    other = summary["other"]
    assert (other.rows, other.run, other.median, other.worst, other.worst_id, other.naive_median) == (
        1, 0, None, None, "", None,
    )  # fmt: skip


def test_rows_of_one_name_all_count() -> None:
    summary = ModelValidation(scores=(_score("a", 90), _score("a", 80), _score("a", 70))).summary()
    assert summary["g"].run == 3
    assert summary["g"].median == pytest.approx(0.2)


def test_what_cannot_be_run_says_why(write_table: WriteTable) -> None:
    table = write_table(
        {"id": "phase", "phase": "rest"},
        {"id": "probe", "phase": "training (fixed-cost probe)"},
        {"id": "job", "phase": "job overhead", "metric": "a day of the week"},
        {"id": "cards", "phase": "training (accounting)", "unit": "FLOP"},
        {"id": "size", "layers": ""},
        {"id": "machine", "system": "CS-9"},
        {"id": "length", "seq_len": "4000000"},
        {"id": "vocabulary", "vocab": "0"},
        {"id": "parameters", "n_params_b": "9"},
        {"id": "systems", "system": "CS-2", "n_systems": "1000", "batch_global": "1000"},
        {"id": "negative", "layers": "-3"},
        {"id": "half a system", "n_systems": "2.5"},
        {"id": "activation", "ffn_type": "mish"},
        {"id": "precision", "precision": "fp8"},
        {"id": "sparse", "sparsity": "denser than 50 %"},
        {"id": "heads", "n_kv_heads": "x"},
        {"id": "metric", "metric": "compile time"},
        {"id": "good"},
    )
    scores = {score.id: score for score in validate(table).scores}
    assert scores.pop("good").simulated is not None
    reasons = {name: score.reason for name, score in scores.items()}
    assert all(score.simulated is None and score.naive is None for score in scores.values())
    for name, words in {
        "phase": "rest: not simulated", "probe": "not simulated", "cards": "not over how many tokens",
        "size": "no layers", "machine": "'cs-9'",
        "length": "does not fit: ", "vocabulary": "vocab = '0'",
        "parameters": "the row says 9", "systems": "192", "negative": "layers", "half a system": "n_systems = '2.5'",
        "activation": "'mish' is not modelled", "precision": "'fp8' is not modelled", "sparse": "is not modelled",
        "heads": "n_kv_heads = 'x'", "metric": "compile time in",
    }.items():  # fmt: skip
        assert words in reasons[name], reasons[name]


def test_a_stated_micro_batch_is_used_if_it_can_be(write_table: WriteTable) -> None:
    table = write_table(
        {"id": "chosen"},
        {"id": "stated", "micro_batch": "1"},
        {"id": "does not divide", "micro_batch": "7"},
        {"id": "does not fit", "micro_batch": "24", "seq_len": "524288"},
        {"id": "chosen too", "seq_len": "524288"},
    )
    found = {score.id: score.simulated for score in validate(table).scores}
    notes = {score.id: score.note for score in validate(table).scores}
    logged = "which steps are logged is not stated"
    assert {name for name, note in notes.items() if note == logged} == {"chosen", "stated", "chosen too"}
    assert notes["does not divide"] == f"micro-batch 7 stated, 6 simulated: passes are as even as can be; {logged}"
    assert found["does not fit"] == found["chosen too"] is not None
    chosen, stated = found["chosen"], found["stated"]
    assert chosen is not None
    assert stated is not None
    assert stated < chosen / 2


def test_a_step_that_is_logged_takes_longer_as_far_as_a_source_says_which_are(write_table: WriteTable) -> None:
    table = write_table({"id": "unknown"}, {"id": "each", "source": "an artifact, HPC Asia 2027", "unit": "s/step"},
                        {"id": "tenth", "source": "EPCC workshop logs", "unit": "s/step"})  # fmt: skip
    found = {score.id: score for score in validate(table).scores}
    assert [bool(score.note) for score in found.values()] == [True, False, False]
    each, tenth = (found[name].simulated for name in ("each", "tenth"))
    assert each is not None
    assert tenth is not None
    assert each - tenth == pytest.approx(0.9 * load_software("release-2").for_training().log_s)


def test_units_agree_with_each_other(write_table: WriteTable) -> None:
    units = ("samples/s", "tokens/s", "s")
    found = validate(write_table(*({"id": unit, "unit": unit, "metric": unit} for unit in units))).scores
    samples, tokens, step_s = (score.simulated for score in found)
    assert samples is not None
    assert tokens is not None
    assert step_s is not None
    assert tokens == pytest.approx(512 * samples)
    assert samples * step_s == pytest.approx(24)


def test_the_baseline_by_hand(write_table: WriteTable) -> None:
    """A quarter of 7.5 PFLOP/s, whatever the machine has to do."""
    flops = 6 * 24 * 512 * (12 * (12 * 768**2 + 2 * 512 * 768) + 50257 * 768)
    (score,) = validate(write_table({"unit": "s"})).scores
    assert score.naive == pytest.approx(flops / (0.25 * 7.5e15))


def test_rows_of_the_main_group_come_first(write_table: WriteTable) -> None:
    table = write_table(
        {"id": "e", "phase": "inference (served)"},
        {"id": "d", "phase": "decode"},
        {"id": "b", "model": "BERT"},
        {"id": "a", "n_params_b": "", "batch_global": "128"},
        {"id": "c", "model": "Llama-2-7B"},
    )
    assert [score.id for score in validate(table).scores] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(("worst", "met"), [(102, True), (104, False)])
def test_goals_hold_for_the_median_and_the_worst(worst: float, met: bool) -> None:
    scores = [_score(str(number), 100, "CS-2 GPT") for number in range(4)]
    found = ModelValidation(scores=(*scores, _score("worst", worst, "CS-2 GPT"))).summary()["CS-2 GPT"]
    assert (found.median_goal, found.worst_goal, found.met) == (0.01, 0.03, met)
    assert ModelValidation(scores=(_score("off", 106, "CS-2 GPT"),)).summary()["CS-2 GPT"].met is False
    assert ModelValidation(scores=(_score("not run", None, "CS-2 GPT"),)).summary()["CS-2 GPT"].met is None


def test_flops_of_a_model_card(write_table: WriteTable) -> None:
    """Of a token six times the weights in products, and attention; times the tokens."""
    notes = "9037 steps, 2.5B tokens; another formula gives less"
    (score,) = validate(write_table({"phase": "training (accounting)", "unit": "FLOP", "notes": notes})).scores
    flops = 6 * (12 * (12 * 768**2 + 2 * 512 * 768) + 50257 * 768) * 2.5e9
    assert score.simulated == pytest.approx(flops)
    assert score.naive is None


def test_progress_names_rows(write_table: WriteTable) -> None:
    told: list[str] = []
    validate(write_table({"id": "a"}, {"id": "b"}), progress=told.append)
    assert told == ["a", "b"]
