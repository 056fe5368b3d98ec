"""The catalogue: what a form, a command line and a run folder know of a method without torch."""

from __future__ import annotations

import dataclasses
import json

import pytest

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.methods.catalogue import (
    CATALOGUE,
    DEFAULT_METHOD,
    describe,
    entry_of,
    load_method,
    options_from,
)


@pytest.mark.parametrize("method_id", CATALOGUE)
def test_every_entry_describes_itself_and_leads_to_its_class(method_id):
    row = json.loads(json.dumps(describe(CATALOGUE[method_id])))
    assert row["id"] == method_id
    assert row["title"]
    assert row["citation"]
    for option in row["options"]:
        assert option["help"], f"{option['name']} says nothing about itself"
    method = load_method(method_id)(options_from(method_id, {}), 2, 4)
    assert {role: spec.architecture for role, spec in method.roles.items()} == {
        "a": "short_resvnet",
        "b": "vnet",
    }


@pytest.mark.parametrize("method_id", CATALOGUE)
def test_options_survive_json_and_text(method_id):
    defaults = options_from(method_id, {})
    content = dataclasses.asdict(defaults)
    assert options_from(method_id, json.loads(json.dumps(content))) == defaults
    assert options_from(method_id, {name: str(value) for name, value in content.items()}) == defaults


def test_the_default_method_uses_the_unlabelled_scans():
    assert entry_of(DEFAULT_METHOD).uses_unlabelled


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"keap": 0.5}, ["keap", "keep"]),
        ({"keep": 1.5}, ["keep", "1.5", "0.01"]),
        ({"keep": "much"}, ["keep", "much"]),
        ({"keep": float("nan")}, ["keep", "nan"]),
        ({"cross": "everyone"}, ["cross", "everyone", "symmetric"]),
        ({"collapse_guard": "perhaps"}, ["collapse_guard", "perhaps"]),
        ({"keep": True}, ["keep", "True"]),
    ],
)
def test_a_wrong_option_is_named_with_its_value_and_what_is_allowed(values, words):
    with pytest.raises(BadInput) as caught:
        options_from("dual", values)
    for word in words:
        assert word in str(caught.value)


def test_an_unknown_method_is_answered_with_the_known_ones():
    with pytest.raises(BadInput, match="dual, dual_strong, labels_only"):
        entry_of("mean_teacher")
