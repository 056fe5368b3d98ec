"""The predict phase: every scan that is not labelled gets its prediction, maps and score; then all are ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput, OutOfMemory
from DualSSLSegLib.inference.accumulator import remove_scratch
from DualSSLSegLib.inference.out_of_memory import in_words, is_out_of_memory
from DualSSLSegLib.ranking.labelled import LabelledVolumes, structure_volumes
from DualSSLSegLib.ranking.order import order
from DualSSLSegLib.ranking.scores import CaseScore
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.case_prediction import FACTS_VERSION, Predictor, assess, write_case
from DualSSLSegLib.worker.case_progress import CaseProgress
from DualSSLSegLib.worker.inputs import InputCase, with_role
from DualSSLSegLib.worker.label_table import LabelStructure
from DualSSLSegLib.worker.preparation import PreparedScans
from DualSSLSegLib.worker.scores_file import write_scores
from DualSSLSegLib.worker.session import Session

SUGGESTIONS = 5  # chosen for being different from each other; the rest of the queue follows by score
_MOST_LABELLED_EMBEDDINGS = 100


@dataclass
class Round:
    """What the predictions of a run say: scores and embeddings of the predicted cases, by case id."""

    scores: dict[str, CaseScore] = field(default_factory=dict)
    embeddings: dict[str, np.ndarray] = field(default_factory=dict)
    labelled_embeddings: dict[str, np.ndarray] = field(default_factory=dict)


def labelled_volumes(
    cases: Sequence[InputCase], prepared: PreparedScans, table: Sequence[LabelStructure]
) -> LabelledVolumes | None:
    """How large every structure of `table` is in the labelled training scans; None without labelled scans.

    A label that is older than a structure does not count as one without it.
    """
    names = [row.name for row in table]
    rows = []
    for case in with_role(cases, "labelled"):
        if case.id not in prepared.labels:
            continue
        spacing_mm = prepared.images[case.id].working.spacing_mm
        volumes = structure_volumes(prepared.labels[case.id].array(), spacing_mm, names)
        unknown = {names[index - 1] for index in prepared.unknown.get(case.id, ())}
        rows.append({name: mm3 for name, mm3 in volumes.items() if name not in unknown})
    return LabelledVolumes.from_cases(rows) if rows else None


def predict_all(
    session: Session,
    predictor: Predictor,
    cases: Sequence[InputCase],
    prepared: PreparedScans,
    table: Sequence[LabelStructure],
    bad: BadScans,
) -> Round:
    """Predict every prepared case that does not train with its label; look at the labelled ones for diversity.

    `table` is the label table that the prepared labels were read with.
    Cases whose facts are there already (a resumed run) are not predicted again. A case for which memory does
    not suffice is added to `bad`. Raises Stopped, and OutOfMemory when it did not suffice for a single one.
    """
    volumes = labelled_volumes(cases, prepared, table)
    labelled = [case for case in with_role(cases, "labelled") if case.id in prepared.images]
    labelled = labelled[-_MOST_LABELLED_EMBEDDINGS:]
    wanted = [case for case in cases if case.role != "labelled" and case.id in prepared.images]
    session.phase("predict", total=len(wanted) + len(labelled))
    progress = CaseProgress(session, len(wanted) + len(labelled))
    found = Round()
    too_large: OutOfMemory | None = None
    for case in [*wanted, *labelled]:
        session.check()
        progress.begin(case.id)
        try:
            if case.role == "labelled":
                prediction = predictor.predict(prepared.images[case.id].image, progress.hear)
                found.labelled_embeddings[case.id] = prediction.embedding
                prediction.discard()
            else:
                _predict_case(session, predictor, case, prepared, volumes, found, progress)
        except (OutOfMemory, MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            too_large = in_words(error)
            bad.add(case, too_large)
        progress.end()
    remove_scratch(predictor.scratch)
    if too_large is not None and not found.scores:
        raise too_large
    return found


def _predict_case(
    session: Session,
    predictor: Predictor,
    case: InputCase,
    prepared: PreparedScans,
    volumes: LabelledVolumes | None,
    found: Round,
    progress: CaseProgress,
) -> None:
    run = session.run
    image = prepared.images[case.id]
    kept = _kept_facts(session, case, image.digest)
    if kept is None:
        prediction = predictor.predict(image.image, progress.hear)
        try:
            result = assess(prediction, predictor.model, image.working, image.source, volumes)
        finally:
            prediction.discard()
        write_case(run, case.id, result, image.source, image.digest, predictor.model)
        score, embedding = result.score, result.embedding
    else:
        score = CaseScore.from_dict(kept["score"])
        embedding = np.asarray(kept["embedding"], dtype=np.float32)
    found.scores[case.id] = score
    found.embeddings[case.id] = embedding
    session.report(
        "predicted",
        case=case.id,
        path=f"{run.predictions.name}/{run.prediction_path(case.id).name}",
        disagreement=score.disagreement,
        risk=score.risk,
    )


def _kept_facts(session: Session, case: InputCase, image_digest: str) -> dict[str, Any] | None:
    """The facts that an earlier attempt wrote for this case, if they are whole, of this version and of this scan."""
    path = session.run.prediction_facts_path(case.id)
    if not path.exists():
        return None
    try:
        facts = read_json(path)
    except BadInput:
        return None
    if not isinstance(facts, dict) or facts.get("v") != FACTS_VERSION:
        return None
    return facts if facts.get("image_digest", image_digest) == image_digest else None


def rank_all(session: Session, cases: Sequence[InputCase], found: Round, bad: BadScans) -> int:
    """Write scores.json: the queue of unlabelled scans with reasons. Returns how many there are."""
    ranked = [case.id for case in with_role(cases, "unlabelled") if case.id in found.scores]
    session.phase("rank", total=len(ranked))
    result = order(
        {case: found.scores[case] for case in ranked},
        {case: found.embeddings[case] for case in ranked},
        found.labelled_embeddings or None,
        n=int(session.spec.get("suggestions", SUGGESTIONS)),
        seed=int(session.spec.get("seed", 0)),
        round=int(session.spec.get("round", 1)),
        whole_queue=True,
    )
    suggestions = [one.to_dict() for one in result.suggestions]
    write_scores(session, len(with_role(cases, "labelled")), suggestions, result.shadow, bad)
    session.report("progress", step=len(ranked), total=len(ranked))
    return len(ranked)
