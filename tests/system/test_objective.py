"""What is good enough, and percentiles."""

from __future__ import annotations

import numpy as np
import pytest
from tests.system.services import drawn, listed, times

from wsesim.errors import SpecError
from wsesim.system.abilities import GrowingTime
from wsesim.system.objective import Objective, percentiles
from wsesim.system.serving import serve


def test_limits_hold_up_to_and_with_their_value() -> None:
    service = times(latency=GrowingTime(0.5, 0.0), interval=GrowingTime(1e-9, 0.0), prefill_s=(0.0, 0.25, 1.0))
    served = serve(listed((0.0, 1000, 3), (100.0, 1000, 1), (200.0, 40_000, 1)), service)
    assert (served.ttft_s[0], served.tpot_s[0]) == (0.25, 0.5)
    shares = {
        limits: Objective(ttft_s=limits[0], tpot_s=limits[1], share=0.5).met(served).tolist()
        for limits in ((0.25, 0.5), (0.2, 0.5), (0.25, 0.4), (0.3, 0.6))
    }
    assert shares == {
        (0.25, 0.5): [True, True, False], (0.2, 0.5): [False, False, False], (0.25, 0.4): [False, True, False],
        (0.3, 0.6): [True, True, False],
    }  # fmt: skip
    assert Objective(ttft_s=0.25, tpot_s=0.5, share=0.5).met_share(served) == pytest.approx(2 / 3)


def test_percentiles_rise_and_are_none_where_nothing_was_served() -> None:
    found = percentiles(serve(drawn(200, 10.0), times()))
    assert list(found) == ["ttft_s", "tpot_s", "latency_s", "waited_s"]
    for values in found.values():
        assert values["p50"] <= values["p90"] <= values["p95"] <= values["p99"]
    assert percentiles(serve(drawn(20, 10.0), times(capacity_tokens=1))) == {}


def test_an_answer_of_one_token_has_no_time_per_token() -> None:
    served = serve(listed((0.0, 1000, 1), (1.0, 1000, 2), (2.0, 10, 1)), times())
    found = percentiles(served)
    assert found["tpot_s"]["mean"] == pytest.approx(served.tpot_s[1]) == found["tpot_s"]["p99"]
    assert found["ttft_s"]["p50"] == pytest.approx(np.median(served.ttft_s))
    assert "tpot_s" not in percentiles(serve(listed((0.0, 1000, 1)), times()))


@pytest.mark.parametrize("limits", [(-1, 1, 0.5), (1, -1, 0.5), (1, 1, 0.0), (float("nan"), 1, 0.5)])
def test_an_objective_that_nothing_can_meet_by_its_form_is_refused(limits: tuple[float, float, float]) -> None:
    with pytest.raises(SpecError):
        Objective(ttft_s=limits[0], tpot_s=limits[1], share=limits[2])
