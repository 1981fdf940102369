"""A training learns, the same file to the same bits, in one go or in several."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wsesim.errors import InputError
from wsesim.trainer import Course, Learner, begin, resume, train
from wsesim.trainer.checkpoint import STATE, TENSORS, checkpoint_files

MakeCourse = Callable[..., Course]


def trained(learner: Learner, keep: Callable[[Learner], None] = lambda _: None) -> Learner:
    train(learner, keep=keep, tell=lambda *_: None)
    return learner


def keep_in(folder: Path, learner: Learner) -> None:
    files = checkpoint_files(learner.course, learner.lessons.sha256, learner.arrays, learner.progress)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def same_bits(one: Learner, other: Learner) -> bool:
    return one.progress == other.progress and all(
        np.array_equal(array, other.arrays.arrays[key]) for key, array in one.arrays.arrays.items()
    )


def test_a_text_of_one_rhyme_is_learned(course: MakeCourse, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("abcdefgh" * 200)
    done = trained(begin(course(tmp_path, text="text", steps=150, learning_rate=0.03, evaluate_every=150, prompt="a")))
    assert done.progress.evaluations[0].nats == pytest.approx(np.log(300), abs=0.1)
    assert done.progress.evaluations[-1].nats < 0.3
    assert done.progress.evaluations[-1].sample == "abcdef"
    assert [one.step for one in done.progress.evaluations] == [0, 150]


def test_the_same_seed_gives_the_same_bits(course: MakeCourse) -> None:
    assert same_bits(trained(begin(course())), trained(begin(course())))
    assert not same_bits(trained(begin(course())), trained(begin(course(seed=1))))


def test_parts_of_a_batch_learn_as_the_whole(course: MakeCourse) -> None:
    one, four = (trained(begin(course(micro_batches=parts))).progress.learned[-1].nats for parts in (1, 4))
    assert one == pytest.approx(four, rel=1e-5)


def test_from_each_checkpoint_it_goes_on_to_the_same_bits(course: MakeCourse, tmp_path: Path) -> None:
    kept: list[Path] = []

    def keep(learner: Learner) -> None:
        kept.append(tmp_path / str(learner.progress.step))
        kept[-1].mkdir()
        keep_in(kept[-1], learner)

    whole = trained(begin(course()), keep)
    assert [folder.name for folder in kept] == ["3", "6"]
    for folder in kept:
        again = resume(course(), folder)
        assert again.progress.step == int(folder.name)
        assert same_bits(trained(again), whole)


def test_a_checkpoint_of_another_training_is_refused(course: MakeCourse, tmp_path: Path) -> None:
    keep_in(tmp_path, trained(begin(course())))
    with pytest.raises(InputError, match=r"another training: learning.seed was 0, now 3; name another folder"):
        resume(course(seed=3), tmp_path)
    (tmp_path / "text").write_text("ab" * 500)
    with pytest.raises(InputError, match=r"sha256 of the text was \w+, now \w+ and 1 more"):
        resume(course(tmp_path, text="text"), tmp_path)


@pytest.mark.parametrize("spoilt", [STATE, TENSORS])
@pytest.mark.parametrize("content", [None, b"", b"{", b'{"step": 3}', bytes(100)])
@pytest.mark.every(3)
def test_a_checkpoint_that_is_broken_is_refused(
    course: MakeCourse, tmp_path: Path, spoilt: str, content: bytes | None
) -> None:
    keep_in(tmp_path, trained(begin(course())))
    if content is None:
        (tmp_path / spoilt).unlink()
    else:
        (tmp_path / spoilt).write_bytes(content)
    with pytest.raises(InputError, match="holds no checkpoint"):
        resume(course(), tmp_path)


def test_tensors_of_another_model_are_refused(course: MakeCourse, tmp_path: Path) -> None:
    from safetensors.numpy import load, save

    keep_in(tmp_path, trained(begin(course())))
    tensors = load((tmp_path / TENSORS).read_bytes())
    tensors["embed.0.tokens.weight"] = tensors["embed.0.tokens.weight"][:-1].copy()
    (tmp_path / TENSORS).write_bytes(save(tensors))
    with pytest.raises(InputError, match=r"tokens.weight .*wanted \(300, 8\)"):
        resume(course(), tmp_path)


def test_what_diverges_stops_and_says_why(course: MakeCourse) -> None:
    learner = begin(course(steps=50))
    next(iter(learner.arrays.arrays.values()))[...] = np.float32(3e38)
    with pytest.raises(InputError, match=r"step 0: loss or gradients are no finite .* lower learning.learning_rate"), \
            np.errstate(all="ignore"):  # fmt: skip
        trained(learner)


def overflowing(one: Learner) -> int:
    return sum(step.norm is None for step in one.progress.learned)


def test_a_dynamic_scale_leaves_out_steps_that_overflow_and_goes_on_to_the_same_bits(
    course: MakeCourse, tmp_path: Path
) -> None:
    made = course(
        precision="mixed", numbers="machine", loss_scaling_factor="dynamic", initial_loss_scale=2.0**23, steps=9,
        evaluate_every=6,
    )  # fmt: skip
    kept: list[Learner] = []

    def keep_first(learner: Learner) -> None:
        if not kept:
            keep_in(tmp_path, learner)
        kept.append(learner)

    whole = trained(begin(made), keep_first)
    scales = [step.loss_scale for step in whole.progress.learned]
    assert 0 < overflowing(whole) < 9
    assert scales[0] == 2.0**23 > scales[-1] == whole.progress.scale.value
    gone_on = resume(made, tmp_path)
    assert gone_on.progress.step == 6
    assert same_bits(whole, trained(gone_on))


def test_numbers_as_the_machine_keeps_them_are_rounded_and_learn_all_the_same(course: MakeCourse) -> None:
    exact, kept = (
        trained(begin(course(precision="bf16", numbers=numbers, steps=12, evaluate_every=12)))
        for numbers in ("float32", "machine")
    )
    assert not same_bits(exact, kept)
    assert kept.progress.learned[-1].nats == pytest.approx(exact.progress.learned[-1].nats, rel=0.02)
    assert overflowing(kept) == 0


def test_a_fixed_scale_that_overflows_is_stopped_with_the_reason(course: MakeCourse) -> None:
    with pytest.raises(InputError, match=r"step 1: loss or gradients are no finite.*scaling_factor: dynamic"):
        trained(begin(course(precision="mixed", numbers="machine", loss_scaling_factor=2.0**24)))


BARE = 2.0**-9
"""A fixed scale that makes gradients of 256 labels as small as those of a mean over 131,072 are."""


@pytest.mark.nightly
def test_after_300_steps_formats_with_a_scale_are_within_two_percent_and_fp16_without_is_not(
    course: MakeCourse,
) -> None:
    losses = {}
    for name, precision, factor in (
        ("fp32", "fp32", 1.0), ("bf16", "bf16", 1.0), ("cb16", "cb16", "dynamic"), ("fp16", "mixed", "dynamic"),
        ("fp16 bare", "mixed", BARE),
    ):  # fmt: skip
        done = trained(begin(course(
            precision=precision, numbers="machine", loss_scaling_factor=factor, steps=300, evaluate_every=300,
            sequences=8, length=32, layers=2, width=16, learning_rate=0.004, evaluation_sequences=32,
        )))  # fmt: skip
        losses[name] = done.progress.evaluations[-1].nats
    for name in ("bf16", "cb16", "fp16"):
        assert losses[name] == pytest.approx(losses["fp32"], rel=0.02), losses
    assert losses["fp16 bare"] > 1.02 * losses["fp32"], losses
