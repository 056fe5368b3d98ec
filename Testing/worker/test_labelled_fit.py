"""Predictions are measured on the labelled scans of the run, in the classes of the model that made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.tiny_training import tiny_case

from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.inference.mapped_array import MappedArray
from DualSSLSegLib.worker.cache import CachedImage
from DualSSLSegLib.worker.inputs import InputCase
from DualSSLSegLib.worker.label_table import LabelStructure
from DualSSLSegLib.worker.labelled_fit import LabelledFit
from DualSSLSegLib.worker.preparation import PreparedScans

TABLE = (LabelStructure("organ", 1, "#ffffff"), LabelStructure("tumour", 2, "#ffffff"))


def kept(path: Path, array: np.ndarray) -> MappedArray:
    np.save(path, array)
    return MappedArray(path, array.shape, array.dtype)


@pytest.fixture
def run(tmp_path):
    """Five labelled scans and an unlabelled one, prepared."""
    prepared, cases = PreparedScans(), []
    for name in ("a", "b", "c", "d", "e", "u"):
        case = tiny_case(name, True)
        grid = Grid(case.size, np.eye(4))
        image = kept(tmp_path / f"{name}.npy", case.image)
        prepared.images[name] = CachedImage(name, tmp_path, image, grid, grid)
        if name != "u":
            prepared.labels[name] = kept(tmp_path / f"{name}-label.npy", case.label)
        cases.append(InputCase(name, (), "unlabelled" if name == "u" else "labelled"))
    return cases, prepared


def test_a_true_label_fits_better_than_a_wrong_one(run):
    cases, prepared = run
    fit = LabelledFit.of_run(cases, prepared, TABLE, TABLE)
    assert len(fit.scans) == 4
    unlabelled = tiny_case("u", True)
    good = fit.of(unlabelled.image, unlabelled.label)
    wrong = fit.of(unlabelled.image, np.roll(unlabelled.label, 6, 1))
    assert all(a > b + 0.1 for a, b in zip(good, wrong, strict=True))


def test_classes_are_those_of_the_model_and_a_structure_it_does_not_know_is_background(run):
    cases, prepared = run
    fit = LabelledFit.of_run(cases, prepared, TABLE, TABLE[1:])
    assert fit.num_classes == 2
    unlabelled = tiny_case("u", True)
    whole = LabelledFit.of_run(cases, prepared, TABLE, TABLE).of(unlabelled.image, unlabelled.label)
    assert fit.of(unlabelled.image, (unlabelled.label == 2).astype(np.uint8)) == [
        pytest.approx(whole[1], abs=0.05)
    ]


def test_a_label_does_not_judge_a_structure_younger_than_itself(run):
    cases, prepared = run
    prepared.unknown = dict.fromkeys("abcde", (2,))
    unlabelled = tiny_case("u", True)
    found = LabelledFit.of_run(cases, prepared, TABLE, TABLE).of(unlabelled.image, unlabelled.label)
    assert found[0] is not None
    assert found[1] is None


def test_without_labelled_scans_nothing_is_measured(run):
    cases, prepared = run
    fit = LabelledFit.of_run(cases[-1:], prepared, TABLE, TABLE)
    assert fit.of(tiny_case("u", True).image, tiny_case("u", True).label) is None
