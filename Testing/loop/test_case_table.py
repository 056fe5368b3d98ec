"""The case table: every row says what is known of its case; filtering and sorting need no window."""

from __future__ import annotations

from support.studies import label_of, tiny_study, write_label_file

from DualSSLSegLib.loop.case_table import COLUMNS, CaseRow, case_rows, chosen, ordered
from DualSSLSegLib.loop.next_case import NextCase, Queue


def row(id, state="new", structures=(), score=None, author="", **more):
    values = {"time": None, "split": "train", "rank": None, "reason": "", "problem": None, "seconds": 0.0}
    return CaseRow(id, state, structures, score, author, **{**values, **more})


def test_a_row_joins_status_queue_and_scores(tmp_path):
    study = tiny_study(tmp_path / "s")
    study.add_revision("a", label_of(2), author="Ada", origin="manual")
    study.update_review("a", lambda review: review.with_time("Ada", 30).with_time("Bob", 12))
    study.publish_prediction("b", write_label_file(tmp_path / "p.nii.gz"))
    queue = Queue("run", True, (NextCase(1, "b", 0.9, "It is odd.", {}),), (), ())
    rows = {r.id: r for r in case_rows(study.status(), queue, {"b": 0.9, "a": 0.4})}
    assert rows["a"].structures == ("tumour",) and rows["a"].seconds == 42 and rows["a"].author == "Ada"
    assert rows["a"].score == 0.4 and rows["a"].rank is None
    assert (rows["b"].state, rows["b"].rank, rows["b"].reason) == ("predicted", 1, "It is odd.")
    assert rows["c"] == row("c")


def test_a_renamed_structure_is_shown_by_its_new_name(tmp_path):
    study = tiny_study(tmp_path / "s")
    study.add_revision("a", label_of(1), author="Ada", origin="manual")
    study.rename_structure("liver", "Leber")
    assert case_rows(study.status(), None, {})[0].structures == ("Leber",)


def test_filtering_by_words_and_states():
    rows = [row("Müller_1", "labelled", ("liver",), author="Ada"), row("x2"), row("x3", "predicted")]
    assert [r.id for r in chosen(rows)] == ["Müller_1", "x2", "x3"]
    assert [r.id for r in chosen(rows, text="LIVER ada")] == ["Müller_1"]
    assert [r.id for r in chosen(rows, text="mu\u0308ller")] == ["Müller_1"]  # another spelling of the same
    assert [r.id for r in chosen(rows, states=("new", "predicted"))] == ["x2", "x3"]
    assert chosen(rows, text="x", states=("labelled",)) == []


def test_sorting_is_natural_stable_and_leaves_empty_cells_last():
    rows = [row("c10", score=0.2), row("c9"), row("c2", score=0.7), row("c1", score=0.2, author="b")]
    assert [r.id for r in ordered(rows, "case", False)] == ["c1", "c2", "c9", "c10"]
    assert [r.id for r in ordered(rows, "score", True)] == ["c2", "c10", "c1", "c9"]
    assert [r.id for r in ordered(rows, "score", False)] == ["c10", "c1", "c2", "c9"]
    assert [r.id for r in ordered(rows, "author", True)] == ["c1", "c10", "c9", "c2"]
    assert [r.id for r in ordered(rows, "state", False)] == [r.id for r in rows]
    for column in COLUMNS:
        assert sorted(r.id for r in ordered(rows, column, True)) == ["c1", "c10", "c2", "c9"]
