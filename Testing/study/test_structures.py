"""Structures are added and renamed as a project grows; what is labelled never changes its meaning."""

from __future__ import annotations

import json

import pytest
from support.studies import label_of, tiny_study

from DualSSLSegLib.errors import BadInput, ProtocolError
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.model import LabelTable, Structure


def test_structures_get_values_in_the_order_given_and_later_ones_the_next(tmp_path):
    study = tiny_study(tmp_path)
    codes = {"type": {"scheme": "SCT", "value": "10200004", "meaning": "Liver"}}
    assert study.add_structure("vessel", color="#ABCDEF").value == 3
    assert study.rename_structure("liver", "Leber").value == 1
    study.change_structure("leber", codes=codes)
    again = StudyFolder.open(tmp_path).structures
    assert [(s.name, s.value) for s in again] == [("Leber", 1), ("tumour", 2), ("vessel", 3)]
    assert again[2].color == "#abcdef" and again[0].codes == codes
    assert len({s.color for s in again}) == 3


def test_labels_keep_their_values_when_structures_change(tmp_path):
    study = tiny_study(tmp_path)
    revision = study.add_revision("a", label_of(2), author="Ada", origin="manual")
    with pytest.raises(BadInput, match="does not know"):
        study.add_revision("a", label_of(3), author="Ada", origin="manual")
    study.add_structure("vessel")
    study.rename_structure("tumour", "lesion")
    assert study.add_revision("a", label_of(3), author="Ada", origin="manual").number == 2
    assert study.revisions("a")[0] == revision


def test_a_label_may_know_fewer_structures_than_the_study_but_all_that_it_shows(tmp_path):
    study = tiny_study(tmp_path, structures=("liver", "tumour", "vessel"))
    whole = study.add_revision("a", label_of(2), author="Ada", origin="manual")
    older = study.add_revision("a", label_of(2), author="Ada", origin="accepted", known_values=[1])
    assert whole.known_values == (1, 2, 3) and older.known_values == (1, 2)


def test_two_open_studies_see_each_others_structures(tmp_path):
    one = tiny_study(tmp_path)
    two = StudyFolder.open(tmp_path)
    one.add_structure("vessel")
    assert two.add_structure("bone").value == 4
    assert [s.name for s in one.structures] == ["liver", "tumour", "vessel", "bone"]


def test_values_given_are_kept_and_never_used_again():
    table = LabelTable.of([Structure("b", 7, "#000000"), Structure("a", 2, "")])
    assert [(s.name, s.value) for s in table] == [("a", 2), ("b", 7)]
    assert table.added("c").named("c").value == 8


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "at least one"),
        ([""], "cannot be the name"),
        (["a", " A "], "there twice"),
        (["background"], "always has the value 0"),
        (["x" * 101], "1 to 100 characters"),
        (["a\nb"], "cannot be shown"),
        ([Structure("a", 0, "#000000")], "1 to 255"),
        ([Structure("a", 256, "#000000")], "1 to 255"),
        ([Structure("a", 1, "red")], "not a colour"),
        ([Structure("a", 1, "#000000"), Structure("b", 1, "#000000")], "belongs to another"),
    ],
)
def test_impossible_structures_are_refused_in_words(names, words):
    with pytest.raises(BadInput, match=words):
        LabelTable.of(names)


def test_a_rename_onto_another_structure_is_refused(tmp_path):
    study = tiny_study(tmp_path)
    with pytest.raises(BadInput, match="belongs to another"):
        study.rename_structure("liver", "Tumour")
    with pytest.raises(BadInput, match="It has liver, tumour"):
        study.rename_structure("spleen", "x")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda content: content.update(v=99), ProtocolError, "newer version.*[Uu]pdate"),
        (lambda content: content.pop("v"), ProtocolError, "no schema version"),
        (lambda content: content.pop("structures"), ProtocolError, "damaged"),
        (lambda content: content.update(layout="hexagonal"), ProtocolError, "does not know"),
    ],
)
def test_a_study_of_a_newer_version_is_left_alone(tmp_path, change, error, words):
    tiny_study(tmp_path)
    path = tmp_path / ".dualsslseg" / "study.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(error, match=words):
        StudyFolder.open(tmp_path)


def test_a_study_file_that_is_no_json_is_named(tmp_path):
    tiny_study(tmp_path)
    (tmp_path / ".dualsslseg" / "study.json").write_text("{half", encoding="utf-8")
    with pytest.raises(BadInput, match=r"study\.json"):
        StudyFolder.open(tmp_path)


def test_labels_whose_meaning_is_lost_are_not_given_a_new_one(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    (tmp_path / ".dualsslseg" / "study.json").unlink()
    with pytest.raises(BadInput, match=r"study\.json is gone"):
        study.status()
    with pytest.raises(BadInput, match="what their values mean"):
        StudyFolder.create(tmp_path, ["tumour", "liver"])
