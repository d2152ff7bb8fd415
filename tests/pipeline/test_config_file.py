from pathlib import Path

import pytest

from pipeline.config_file import load_config
from pipeline.errors import Misuse

ROOT = Path(__file__).resolve().parents[2]


def refused(path, overrides=()) -> str:
    """The sentence of a refusal, without the path it begins with."""
    with pytest.raises(Misuse) as refusal:
        load_config(path, overrides)
    text = str(refusal.value)
    assert "\n" not in text
    return text.removeprefix(f"{path}:")


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_config_can_be_read(path):
    assert load_config(path).name == path.stem


def test_the_tiny_config_can_be_read(write_config):
    assert load_config(write_config()).training.batch_size == 4


WRONG = {
    "an unknown key names the nearest one and the line": (
        [("shared_bottom, units", "shared_bottom, unitz")],
        "15: model.unitz: unknown key 'unitz': did you mean 'units'?",
    ),
    "an unknown key on the first level": (
        [("training:", "trainings:")],
        "16: trainings: unknown key 'trainings': did you mean 'training'?",
    ),
    "the old key of Beam's options names the new one": (
        [("gates:", "beam_args: []\ngates:")],
        "17: beam_args: unknown key 'beam_args': write `beam: {runner: local, args: [...]}`",
    ),
    "a runner that does harm": (
        [("gates:", "beam: {runner: dask}\ngates:")],
        "17: beam: Beam's DaskRunner puts every element into the last tagged output",
    ),
    "an unknown key of a feature": (
        [("hash: 10", "hsh: 10")],
        "10: features.user.hsh: unknown key 'hsh': did you mean 'hash'?",
    ),
    "an unknown key that is like no other": (
        [("batch_size: 4", "xyz: 4, batch_size: 4")],
        "16: training.xyz: unknown key 'xyz': known are batch_size, epochs, ",
    ),
    "a wrong type": (
        [("batch_size: 4", "batch_size: many")],
        "16: training.batch_size: Input should be a valid integer, unable to parse string as an "
        "integer. Received: 'many'",
    ),
    "sampling of unclicked impressions that a head learns something else of": (
        [
            ("window: 2", "window: 2\nsampling: {unclicked: 10%}"),
            ("ctr: {label: click}", "ctr: {label: like}"),
        ],
        "9: sampling: answers can be corrected for unclicked impressions that were left out only ",
    ),
    "a limit that is neither a share nor a number": (
        [("window: 2", "window: 2\nlimits: {max_rejects: 0.01}")],
        "9: limits.max_rejects: a limit is a number of rows, as in 100, or a share, as in `1%`. "
        "Received: 0.01",
    ),
    "a number out of its range": (
        [("batch_size: 4", "batch_size: 0")],
        "16: training.batch_size: Input should be greater than or equal to 1. Received: 0",
    ),
    "a text where a mapping belongs": (
        [("{batch_size: 4}", "fast")],
        "16: training: Input should be a valid dictionary or instance of TrainingConfig. "
        "Received: 'fast'",
    ),
    "a choice that does not exist": (
        [("trunk: shared_bottom", "trunk: ple3")],
        "15: model.trunk: it must be one of 'separate', 'shared_bottom', ",
    ),
    "a kind of feature that does not exist": (
        [("kind: numeric", "kind: number")],
        "11: features.price.kind: it must be one of 'categorical', 'sequence', 'numeric'. "
        "Received: 'number'",
    ),
    "a feature without a kind": (
        [("kind: numeric, ", "")],
        "11: features.price: the key 'kind' is missing",
    ),
    "a missing key": ([("name: tiny\n", "")], "1: the key 'name' is missing"),
    "a missing key of a feature": (
        [("kind: numeric, side: item", "kind: numeric")],
        "11: features.price: the key 'side' is missing",
    ),
    "a gate on an unknown metric": (
        [("ctr.auc", "ctr.aucc")],
        "17: gates.ctr.aucc: gate 'ctr.aucc' is on an unknown metric 'aucc': known are auc, ",
    ),
    "a bar that cannot be read": (
        [('">= 0.6"', '"> 0.6"')],
        "17: gates.ctr.auc: gate 'ctr.auc' has a bar that cannot be read: '> 0.6'.",
    ),
    "a rule between two parts": (
        [("window: 2", "window: 1")],
        "8: window: window: 1 spans leaves nothing to train on",
    ),
    "a feature called like a label": (
        [("price: {kind", "click: {kind")],
        "11: features.click: a feature cannot be called click: that is a key or a label",
    ),
    "a duration without its unit": (
        [("click_window: 1h", "click_window: 90")],
        "7: attribution.click_window: a duration is a whole number and a unit",
    ),
    "two mistakes: the first is told, the other counted": (
        [("batch_size: 4", "batch_size: 0"), ("window: 2", "window: 0")],
        "8: window: Input should be greater than or equal to 1. Received: 0 (and 1 more)",
    ),
    "a repeated key": ([("window: 2", "window: 2\nname: twice")], "9: the key 'name' stands twice"),
    "a repeated key further down": (
        [("hash: 10, width: 4", "hash: 10, hash: 12")],
        "10: the key 'hash' stands twice",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_in_one_sentence_with_its_line(changes, sentence, write_config):
    assert refused(write_config(*changes)).startswith(sentence)


def test_a_config_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "none.yaml"
    assert refused(path) == (
        f"cannot read the config {path}: FileNotFoundError: [Errno 2] No such file or directory: "
        f"'{path}'"
    )
    assert "IsADirectoryError" in refused(tmp_path)


def test_bytes_that_are_no_text_are_no_config(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_bytes(b"name: \xff\xfe")
    assert refused(path).startswith(f"cannot read the config {path}: ")


def test_text_that_is_not_yaml_names_line_and_column(write_config):
    path = write_config(("window: 2", "window: [2"))
    sentence = refused(path)
    assert sentence.startswith("9: it is not YAML: while parsing a flow sequence")
    assert "line 8, column 9" in sentence


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "demo"])
def test_yaml_that_is_no_mapping_is_no_config(text, tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(text)
    assert refused(path) == (
        f"{path} must hold a mapping with at least name, logs, features and heads"
    )


def test_overrides_win_over_the_file(write_config):
    config = load_config(
        write_config(),
        ["training.epochs=3", "model.units=[16, 8]", "gates.ctr.auc=0.5 .. 1", "score=ctr * price"],
    )
    assert config.training.epochs == 3
    assert config.training.batch_size == 4
    assert config.model.units == (16, 8)
    assert config.model_dump()["gates"] == {"ctr.auc": "0.5 .. 1"}
    assert config.score == "ctr * price"


def test_an_override_may_add_what_the_file_does_not_have(write_config):
    config = load_config(
        write_config(), ["gates.cvr.log_loss=<= 0.5", "split.by=hash", "split.key=user",
                         "split.eval=25%"],
    )  # fmt: skip
    assert config.model_dump()["gates"] == {"ctr.auc": ">= 0.6", "cvr.log_loss": "<= 0.5"}
    assert (config.split.key, config.split.eval) == ("user", 0.25)


@pytest.mark.parametrize(
    ("override", "name", "written"),
    [
        ("gates.ctr.auc[user=7]='>= 0.6'", "ctr.auc[user=7]", ">= 0.6"),
        (
            "gates.ctr.auc[price=[8, 16)]={bar: '>= 0.6', min_positives: 9}",
            "ctr.auc[price=[8, 16)]",
            {"bar": ">= 0.6", "min_positives": 9},
        ),
        (
            "gates.ctr.auc[user=*, price=0]=['>= 0.6', not worse than baseline]",
            "ctr.auc[user=*, price=0]",
            [">= 0.6", "not worse than baseline"],
        ),
    ],
)
def test_an_override_may_be_a_gate_on_a_slice(override, name, written, write_config):
    slices = "slices=[user, price, [user, price]]"
    config = load_config(write_config(), [slices, override])
    assert config.model_dump()["gates"][name] == written
    assert config.parsed_gates()[-1].name == name


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("training", "--set takes key=value, as in training.epochs=2. Received: 'training'"),
        ("=2", "--set takes key=value, as in training.epochs=2. Received: '=2'"),
        (
            "training.epoch=2",
            "--set: training.epoch: unknown key 'epoch': did you mean 'epochs'?",
        ),
        (
            "trainin.epochs=2",
            "--set: trainin.epochs: unknown key 'trainin': did you mean 'training'?",
        ),
        ("name.x=2", "--set 'name.x=2': 'name' is no mapping in this config"),
        (
            "window=2026-02-31",
            "--set 'window=2026-02-31': its value cannot be read: it has a value that is none of "
            "its kind: day is out of range for month",
        ),
        (
            "features.user.hash=none",
            "--set: features.user.hash: Input should be a valid integer, unable to parse string "
            "as an integer. Received: 'none'",
        ),
        (
            "gates.ctr.aucc=0 .. 1",
            "--set: gates.ctr.aucc: gate 'ctr.aucc' is on an unknown metric 'aucc': known are "
            "auc, pr_auc, log_loss, ne, calibration, ece, mean_label, mean_prediction",
        ),
        (
            "gates.ctr.auc[device=phone]='>= 0.6'",
            "--set: gates.ctr.auc[device=phone]: gate 'ctr.auc[device=phone]' is on a slice by "
            "device, which is not measured. Slices are: none. Add [device] to `slices`",
        ),
        (
            "gates.ctr.auc={bar: '>= 0.6', min_positive: 9}",
            "--set: gates.ctr.auc: unknown key 'min_positive': did you mean 'min_positives'?",
        ),
        (
            "gates.ctr.auc=[]",
            "--set: gates.ctr.auc: a gate needs a bar, as in '>= 0.6'. Received: none",
        ),
    ],
)
def test_a_wrong_override_is_told_to_be_one(override, sentence, write_config):
    assert refused(write_config(), [override]) == sentence


def test_a_mistake_in_the_file_is_not_blamed_on_an_override_elsewhere(write_config):
    path = write_config(("batch_size: 4", "batch_size: 0"))
    assert refused(path, ["window=3"]).startswith("16: training.batch_size: ")


def test_a_long_value_is_cut_in_the_sentence(write_config):
    path = write_config(("batch_size: 4", f"batch_size: {'x' * 500}"))
    assert len(refused(path)) < 200
