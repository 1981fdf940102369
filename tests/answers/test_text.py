import pytest

from wsesim.answer import FigureSpec
from wsesim.answers import label, short, shown
from wsesim.answers.text import heading, signed


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("step_s", 0.184, "184 ms"),
        ("seconds", 12e-6, "12 us"),
        ("tokens_per_s", 1_335_819.2, "1,335,819"),
        ("tokens_per_s_user", 33.333, "33.33"),
        ("io_bytes_per_s", 150e9, "150 GB/s"),
        ("mfu", 0.172, "17.2 %"),
        ("met_share", 0.0001, "<0.1 %"),
        ("energy_per_token_j", 0.0169, "16.9 mJ"),
        ("power_w", 22_600.0, "22.6 kW"),
        ("power_w", 1.23e-5, "12.3 uW"),
        ("energy_per_token_j", 4.52e-10, "452 pJ"),
        ("energy_per_token_j", 0.644, "0.644 J"),
        ("sram_bytes", 49152, "48 KiB"),
        ("clock_hz", 850e6, "850 MHz"),
        ("peak_flops", 2.53e15, "2.53 PFLOP/s"),
        ("flops", 2.53e15, "2.53 PFLOP"),
        ("step_cycles", 202_374_757, "202,374,757"),
        ("mean_core_cycles", 1018.75, "1,018.75"),
        ("mean_core_cycles", 120.0, "120"),
        ("parameters", 111_000_000, "111M"),
        ("wafers", 12, "12"),
        ("features_per_core", 1.0237, "1.024"),
        ("gap.launch", 0.0376, "37.6 ms"),
        ("spent.token turn", 0.5, "500 ms"),
        ("gap.overlap", -0.002, "−2 ms"),
        ("held", True, "yes"),
        ("tpot_s", None, "–"),
        ("precision", "mixed", "mixed"),
        ("grid", (8, 4), "8, 4"),
        ("step_s", float("nan"), "nan"),
    ],
)
def test_a_figure_is_printed_by_the_unit_its_name_ends_in(name: str, value: object, words: str) -> None:
    assert shown(name, value) == words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mfu", 0.17212, "17.2%"),
        ("tokens_per_s", 1_335_819.0, "1.34M"),
        ("cycles", 20_000, "20k"),
        ("total_s", 20_000.0, "5.56 h"),
        ("sram_bytes", 49152, "48 KiB"),
    ],
)
def test_short_keeps_the_unit_where_there_is_one(name: str, value: float, words: str) -> None:
    assert short(name, value) == words


def test_names_become_words() -> None:
    assert heading("io_bytes_per_s") == "I/O"
    assert heading("seconds") == "time"
    assert heading("p50_s") == "p50"
    assert heading("tokens_per_s") == "tokens per second"
    assert heading("tokens_per_s_user") == "tokens per second user"
    assert heading("peak_flops") == "peak"
    assert heading("flops") == "FLOPs"


def test_a_label_is_what_the_kind_says_or_its_name() -> None:
    assert label(FigureSpec(name="step_s", label="one step", meaning="")) == "one step"
    assert label(FigureSpec(name="step_s", label="", meaning="")) == "step"


def test_seconds_that_are_added_have_a_sign() -> None:
    assert signed(0.0012) == "+1.2 ms"
    assert signed(-3e-6) == "−3 us"
