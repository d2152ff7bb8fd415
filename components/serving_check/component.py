"""ServingCheck: tries the exported model in a clean process before it is pushed.

What the model says to rows of the evaluation split is judged by `rules.py`, what that costs by
`budgets.py`. The requests that it answered go with it: a server answers them first (`warm_up.py`).
"""

import itertools
import os

import tensorflow as tf
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model, TransformGraph
from tfx.utils import io_utils, path_utils

from components.serving_check.alone import SCORE_PACKED
from components.serving_check.budgets import exceeded
from components.serving_check.recorded import (
    LARGEST,
    Requests,
    recorded,
    trying_requests,
    warm_up_requests,
)
from components.serving_check.requests import Request, repeated
from components.serving_check.rules import broken_rules
from components.serving_check.settings import ServingCheckSettings
from components.serving_check.trial import NotAnswered, try_alone
from components.serving_check.warm_up import write_warm_up
from components.transform.packing import load
from schemas.served_model import COST_FILE, WARM_UP_FILE
from schemas.serving import ServingReport

_BLESSED_FILE = "INFRA_BLESSED"
_REFUSED = "the exported model cannot serve"
_NOTHING_TO_TRY = "there is no example in the eval split to try it on"


def first_examples(examples: Examples, split: str, rows: int) -> list[bytes]:
    """Returns at most `rows` serialized examples of a split."""
    uri = artifact_utils.get_split_uris([examples], split)[0]
    files = sorted(fileio.glob(os.path.join(uri, "*")))
    records = tf.data.TFRecordDataset(files, compression_type="GZIP")
    return list(itertools.islice(records.as_numpy_iterator(), rows))


def check_model(
    path: str, settings: ServingCheckSettings, requests: Requests
) -> tuple[list[str], ServingReport | None]:
    """Returns a sentence for each thing that is wrong with a SavedModel, and what it costs.

    Args:
        path: of the SavedModel.
        settings: what it must answer, and what that may cost.
        requests: to try it with.
    """
    try:
        trial = try_alone(path, requests)
    except NotAnswered as error:
        return [str(error)], None
    wrong = broken_rules(settings, requests, trial)
    if not trial.speeds.keys() >= set(settings.asker().doors()):
        return wrong, None
    report = ServingReport(
        load=trial.load,
        memory=trial.memory,
        doors=dict(trial.speeds),
        budget=settings.serving,
    )
    return [*wrong, *exceeded(report)], report


def trial_requests(
    settings: ServingCheckSettings, examples: list[bytes], transform_graph: str
) -> Requests:
    """Returns all that a trial asks, by name; the requests that are timed come first.

    Args:
        settings: what the model must answer.
        examples: serialized, at least one.
        transform_graph: what Transform wrote.
    """
    asker = settings.asker()
    packed = load(transform_graph)(tf.constant(repeated(examples, LARGEST)))
    return {
        **trying_requests(asker, examples, settings.serving.items, settings.other_weights()),
        **warm_up_requests(asker, examples),
        # As examples are packed for training: no door does that for the model.
        f"{SCORE_PACKED}/{LARGEST}": Request(SCORE_PACKED, LARGEST, packed),
    }


@component
def ServingCheck(
    model: InputArtifact[Model],
    examples: InputArtifact[Examples],
    transform_graph: InputArtifact[TransformGraph],
    blessing: OutputArtifact[InfraBlessing],
    settings: Parameter[str],
) -> None:
    """Fails the run if the model answers wrongly, or at too high a cost.

    Args:
        model: exported.
        examples: its first rows of the evaluation split are what it is tried on.
        transform_graph: that the model was trained behind.
        blessing: besides TFX's own file, what answering cost (`schemas.serving.ServingReport`) and
            the requests that TF Serving is to answer before it serves the model.
        settings: ServingCheckSettings in JSON.

    Raises:
        ValueError: naming every rule broken.
    """
    told = ServingCheckSettings.model_validate_json(settings)
    rows = first_examples(examples, "eval", LARGEST)
    if not rows:
        raise ValueError(f"{_REFUSED}: {_NOTHING_TO_TRY}")
    requests = trial_requests(told, rows, transform_graph.uri)
    wrong, report = check_model(path_utils.serving_model_path(model.uri), told, requests)
    if wrong or report is None:
        raise ValueError(f"{_REFUSED}: {'; '.join(wrong)}")
    fileio.makedirs(blessing.uri)
    write_warm_up(os.path.join(blessing.uri, WARM_UP_FILE), told.name, recorded(requests))
    content = report.model_dump_json(indent=1)
    io_utils.write_string_file(os.path.join(blessing.uri, COST_FILE), content)
    io_utils.write_string_file(os.path.join(blessing.uri, _BLESSED_FILE), "")
    blessing.set_int_custom_property("blessed", 1)
