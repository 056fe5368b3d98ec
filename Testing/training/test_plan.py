"""The plan follows from the data and the machine, and says why."""

from __future__ import annotations

import json
import math

import pytest

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.training.plan import CaseSize, TrainingPlan, make_plan

HIPPOCAMPUS = [CaseSize(f"h{i}", (35, 50 + i % 3, 36), (1.0, 1.0, 1.0)) for i in range(9)]
ATRIUM = [CaseSize(f"a{i}", (180, 150, 88), (0.625, 0.625, 0.625)) for i in range(5)]
THICK = [CaseSize("t", (512, 512, 24), (0.43, 0.43, 6.5))]


def plan_for(sizes, device="cpu", memory=8e9):
    return make_plan(sizes, channels=1, num_classes=3, device=device, free_memory_bytes=memory)


@pytest.mark.parametrize("sizes", [HIPPOCAMPUS, ATRIUM, THICK])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_patches_are_multiples_of_16_and_the_plan_survives_json(sizes, device):
    plan = plan_for(sizes, device, 40e9)
    assert all(n % 16 == 0 and n > 0 for n in plan.patch_size)
    assert TrainingPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_small_scans_stay_at_their_own_resolution():
    plan = plan_for(HIPPOCAMPUS)
    assert plan.working_spacing_mm == (1.0, 1.0, 1.0)
    assert plan.patch_size == (32, 48, 32)


def test_a_processor_takes_small_steps_and_a_graphics_card_full_ones():
    assert (plan_for(HIPPOCAMPUS).labelled_per_step, plan_for(HIPPOCAMPUS, "cuda").labelled_per_step) == (
        1,
        2,
    )
    assert any("1 labelled and" in sentence for sentence in plan_for(HIPPOCAMPUS).explanation)


def test_large_scans_are_coarsened_on_a_processor_but_not_more_than_twice():
    plan = plan_for(ATRIUM)
    assert all(0.625 < s <= 1.25 for s in plan.working_spacing_mm)
    assert len(set(plan.working_spacing_mm)) == 1
    assert any("coarser" in sentence for sentence in plan.explanation)


def test_thick_slices_are_never_made_thicker():
    assert plan_for(THICK).working_spacing_mm[2] == pytest.approx(6.5)


def test_the_plan_fits_the_memory_or_is_the_smallest():
    for memory in (64e9, 8e9, 2e9, 1e9, 1e6):
        plan = plan_for(ATRIUM, memory=memory)
        assert plan.estimated_bytes() <= 0.8 * memory or plan.smaller() is None


def test_stepping_down_ends_and_never_grows():
    plan = plan_for(ATRIUM, "cuda", 140e9)
    needs = [plan.estimated_bytes()]
    while (smaller := plan.smaller()) is not None:
        assert math.prod(smaller.patch_size) <= math.prod(plan.patch_size)
        plan = smaller
        needs.append(plan.estimated_bytes())
    assert needs == sorted(needs, reverse=True)
    assert plan.patch_size == (16, 16, 16)


def test_no_cases_and_unknown_fields_are_refused():
    with pytest.raises(BadInput):
        plan_for([])
    with pytest.raises(BadInput, match="from_the_future"):
        TrainingPlan.from_dict({"from_the_future": 1})
