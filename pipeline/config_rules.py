"""What must hold between the parts of a config; each rule says which key of the YAML breaks it."""

import contextlib
import keyword
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pydantic_core

from models.config import check_weights
from models.options import Defer, DelayedOptions, EsDfm, delayed
from models.training_config import check_strategy, parse_metric
from models.tuning.space import refusal
from schemas.features import Numeric, Sequence, check_shares
from schemas.gates import parse_gate
from schemas.heads import target_columns
from schemas.layout import make_layout
from schemas.logs import (
    CLICK,
    CONVERSION,
    IMPRESSION_ID,
    IMPRESSION_TIME,
    JOINED_COLUMNS,
    TimeSplit,
)
from schemas.score import names_in_score

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig

_RESERVED = (IMPRESSION_ID, IMPRESSION_TIME, *JOINED_COLUMNS)


@contextlib.contextmanager
def at(*keys: str) -> Iterator[None]:
    """Lets the error of a rule between several parts say which key of the YAML breaks it."""
    try:
        yield
    except ValueError as error:
        raise pydantic_core.PydanticCustomError(
            "rule", "{rule}", {"rule": str(error), "keys": keys}
        ) from error


def check(config: "PipelineConfig") -> None:
    """Checks what must hold between the parts of a config.

    Raises:
        PydanticCustomError: the first rule that is broken, and its key.
    """
    with at("heads"):
        config.outputs()
    with at("features"):
        check_shares(config.features)
    with at("model", "interaction"):
        config.model.interaction.check(make_layout(config.features))
    for name in config.features:
        with at("features", name):
            if name in (*_RESERVED, *config.labels()):
                raise ValueError(f"a feature cannot be called {name}: that is a key or a label")
            if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
                raise ValueError(
                    "a feature is an input of the served model, whose names are letters, digits "
                    f"and _, no digit first, and no word of Python's. Received: {name!r}. Rename "
                    "the column in the logs"
                )
    with at("slices"):
        _check_slices(config)
    with at("window"):
        if isinstance(config.split, TimeSplit) and config.window <= config.split.held_back:
            raise ValueError(
                f"window: {config.window} spans leaves nothing to train on, as the split keeps "
                f"{config.split.told}. Raise `window`, or hold back fewer"
            )
    with at("data"):
        rates = [head.label for head in config.heads.values() if head.kind == "rate"]
        config.data.check(config.columns(), rates)
    with at("sampling"):
        _check_sampling(config)
    with at("model", "balance"):
        check_weights(config.model, config.heads)
    with at("model", "objective"):
        _check_objective(config)
    _check_group(config, config.group, "group")
    for key in ("user", "request", "item"):
        _check_group(config, getattr(config.evaluation, key), "evaluation", key)
    if pretrain := config.training.pretrain:
        with at("training", "pretrain"):
            pretrain.check(config.heads)
    if stopping := config.training.early_stopping:
        _check_watched(
            config, "training stops early by", stopping.metric, "training", "early_stopping"
        )
    with at("training", "strategy"):
        check_strategy(config.training, config.model, make_layout(config.features))
    for name, bars in config.gates.items():
        with at("gates", name):
            for bar in bars:
                parse_gate(name, bar, config.measurable())
    if config.served is not None:
        with at("served"):
            config.served.check(config.logs.impressions)
    with at("score"):
        _check_score(config)
    _check_tuning(config)


def _check_sampling(config: "PipelineConfig") -> None:
    """Refuses sampling by clicks where a head learns something else of all impressions.

    Of a click the share that was left out is known exactly, and the answers are corrected for
    it; of another label it depends on how that label goes with clicks.
    """
    if config.sampling is None:
        return
    if CLICK not in config.logs.labels():
        raise ValueError("there is no clicks log to say which impressions are unclicked")
    objective = config.model.objective
    others = [
        name
        for name, head in config.heads.items()
        if (head.given is None or objective.kind == "independent")
        and (head.label != CLICK or head.kind != "rate")
    ]
    if others:
        raise ValueError(
            "answers can be corrected for unclicked impressions that were left out only where "
            "all that is learnt of unclicked impressions is `click`. These heads learn "
            f"something else of them: {', '.join(others)}. Leave `sampling` out"
        )
    if not objective.correctable:
        raise ValueError(
            f"objective: {objective.kind} learns more of unclicked impressions than that they "
            "are unclicked, so its answers cannot be corrected for those left out. Leave "
            "`sampling` out"
        )


def _check_objective(config: "PipelineConfig") -> None:
    """Checks that the logs and the group give what the objective's loss needs."""
    objective = config.model.objective
    if objective.grouped and config.group is None:
        raise ValueError(
            f"{objective.kind} compares the rows of one request or user: name the column that "
            "says which, as in `group: user_id`"
        )
    if objective.outcomes and CONVERSION not in config.logs.labels():
        raise ValueError(
            f"{objective.kind} learns from when conversions come, and there is no conversions log"
        )
    if not isinstance(objective, DelayedOptions):
        return
    if not delayed(config.heads):
        raise ValueError(
            f"{objective.kind} is for rates of `conversion` given another head, and there is "
            f"none. Heads are: {', '.join(config.heads)}"
        )
    window = config.attribution.conversion_window
    if isinstance(objective, EsDfm | Defer) and objective.elapsed >= window:
        raise ValueError(
            f"{objective.kind} takes labels before they are mature, but elapsed: "
            f"{objective.elapsed}s is not shorter than attribution.conversion_window, "
            f"{window}s. Lower `elapsed`, or teach a head mature labels alone with "
            "`mask: conversion_mature`"
        )


def _check_score(config: "PipelineConfig") -> None:
    if config.score is None:
        return
    if "score" in config.outputs():
        raise ValueError("a head cannot be called score where `score` is given")
    for name in names_in_score(config.score):
        if name in config.outputs():
            continue
        if name in (*_RESERVED, *config.labels()):
            raise ValueError(
                f"a score cannot use {name}, which is not known when a model is asked. It "
                f"may use {', '.join(config.outputs())} and numeric columns of the impressions"
            )
        if not isinstance(config.features.get(name), Numeric | None):
            raise ValueError(
                f"a score is arithmetic, and the feature {name} is no number. Use a numeric "
                "feature, or a numeric column that is no feature"
            )


def _check_watched(config: "PipelineConfig", what: str, metric: str, *keys: str) -> None:
    """Checks a metric by which something is chosen, and that a split is there to tell it."""
    with at(*keys, "metric"):
        parse_metric(metric, config.kinds())
    with at(*keys):
        if not config.split.validation:
            raise ValueError(
                f"{what} the validation split, and there is none. Keep some rows for it, as in "
                "`split: {by: time, eval: 1 span, validation: 1 span}`"
            )


def _check_tuning(config: "PipelineConfig") -> None:
    if config.tuning is None:
        return
    _check_watched(config, "a search judges its trials on", config.tuning.metric, "tuning")
    if found := refusal(config.tuning.space, config.trying):
        key, reason = found
        with at("tuning", "space", key):
            raise ValueError(reason)


def _check_slices(config: "PipelineConfig") -> None:
    names = [name for features in config.slices for name in features]
    if strangers := [name for name in names if name not in config.features]:
        raise ValueError(
            f"slices are by raw features, and {', '.join(strangers)} is none. "
            f"Features are: {', '.join(config.features)}"
        )
    if named := sorted(config.naming_columns().intersection(names)):
        raise ValueError(
            f"a slice by {named[0]} would be of one person, request or event each, and its figures "
            "shown in reports: `logs`, `split`, `group` or `evaluation` name it as an id"
        )
    for features in config.slices:
        if config.slices.count(features) > 1 or len(set(features)) < len(features):
            raise ValueError(
                f"slices name each feature once. Received: {', '.join(features)} twice"
            )


def _check_group(config: "PipelineConfig", name: str | None, *keys: str) -> None:
    with at(*keys):
        if name in (*_RESERVED, *target_columns(config.heads)):
            raise ValueError(
                f"rows cannot be grouped by {name}: that is a key, or known only afterwards"
            )
        if isinstance(config.features.get(name or ""), Numeric | Sequence):
            raise ValueError(
                f"rows are grouped by a text, an id: the feature {name} is a "
                f"{config.features[name or ''].kind}"
            )
