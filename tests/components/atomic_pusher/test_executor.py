import json
import os
import threading
import time
from pathlib import Path

import pytest
from tfx.dsl.io import fileio
from tfx.proto import pusher_pb2
from tfx.types.standard_artifacts import InfraBlessing, Model, ModelBlessing, PushedModel
from tfx.utils import proto_utils

from components.atomic_pusher.executor import Executor, next_version
from components.lock import exclusive

# Relative to the version, which lies beside the artifact's folder in another one.
ORIGIN = {"assets.extra/origin.json": b'{"model": "../../model"}'}
FILES = {
    "saved_model.pb": b"graph",
    "fingerprint.pb": b"print",
    "variables/variables.index": b"index",
    "variables/variables.data-00000-of-00001": b"weights",
    "assets/item": b"a\nb\n",
}


def files(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def versions(serving):
    """The folders a server sees: those whose names are numbers."""
    return sorted(name for name in os.listdir(serving) if name.isdecimal())


@pytest.fixture
def serving(tmp_path):
    return tmp_path / "serving"


@pytest.fixture
def push(tmp_path, serving):
    """Pushes a model of five files and returns the PushedModel."""
    model_dir = tmp_path / "model" / "Format-Serving"
    for name, content in FILES.items():
        path = model_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def run(blessed=True, infra_blessed=True, warm_up=None, saved=None, span=None):
        if saved is not None:  # another saving of the model
            (model_dir / "fingerprint.pb").write_bytes(saved)
        if span is not None:
            (model_dir / "assets.extra").mkdir(exist_ok=True)
            told = json.dumps({"spans": ["2025-12-31", span]})
            (model_dir / "assets.extra" / "funnelrank.json").write_text(told)
        model, blessing, infra, pushed = Model(), ModelBlessing(), InfraBlessing(), PushedModel()
        model.uri, pushed.uri = str(tmp_path / "model"), str(tmp_path / "pushed")
        blessing.set_int_custom_property("blessed", int(blessed))
        infra.set_int_custom_property("blessed", int(infra_blessed))
        infra.uri = str(tmp_path / "infra")
        if warm_up is not None:
            os.makedirs(infra.uri, exist_ok=True)
            (tmp_path / "infra" / "tf_serving_warmup_requests").write_bytes(warm_up)
        destination = pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(serving))
        )
        Executor().Do(
            {"model": [model], "model_blessing": [blessing], "infra_blessing": [infra]},
            {"pushed_model": [pushed]},
            {"push_destination": proto_utils.proto_to_json(destination)},
        )
        return pushed

    return run


def test_a_blessed_model_appears_complete_under_a_version_of_now(push, serving):
    before = int(time.time())
    pushed = push()
    assert sorted(os.listdir(serving))[:-1] == [".lock"]
    (version,) = versions(serving)
    assert before <= int(version) <= int(time.time()) + 1
    assert files(serving / version) == FILES | ORIGIN
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_version") == version
    assert pushed.get_string_custom_property("pushed_destination") == str(serving / version)
    assert files(pushed.uri) == FILES


@pytest.mark.parametrize(("model", "infra"), [(False, True), (True, False)])
def test_a_model_that_is_not_blessed_is_not_pushed(push, serving, model, infra):
    pushed = push(blessed=model, infra_blessed=infra)
    assert pushed.get_int_custom_property("pushed") == 0
    assert not serving.exists()


def test_what_a_killed_push_left_is_cleared_and_never_served(push, serving):
    left = serving / ".incoming" / "1700000000" / "variables"
    left.mkdir(parents=True)
    (left / "variables.index").write_bytes(b"half")
    version = push().get_string_custom_property("pushed_version")
    assert sorted(os.listdir(serving)) == [".lock", version]


def test_a_link_in_the_place_of_staging_goes_and_what_it_points_to_stays(push, serving, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    serving.mkdir(exist_ok=True)
    (serving / ".incoming").symlink_to(outside)
    version = push().get_string_custom_property("pushed_version")
    assert sorted(os.listdir(serving)) == [".lock", version]
    assert (serving / version / "saved_model.pb").exists()
    assert os.listdir(outside) == ["kept"]


def test_two_pushes_in_one_second_get_two_versions(push, serving):
    saved = (b"one", b"two", b"three")
    pushed = [push(saved=each).get_string_custom_property("pushed_version") for each in saved]
    assert len(set(pushed)) == 3
    assert versions(serving) == pushed
    for version, each in zip(pushed, saved, strict=True):
        assert files(serving / version) == FILES | ORIGIN | {"fingerprint.pb": each}


def test_a_model_is_pushed_once_however_often_its_push_is_run(push, serving):
    first, again = push(), push()
    (version,) = versions(serving)
    assert [each.get_string_custom_property("pushed_destination") for each in (first, again)] == [
        str(serving / version)
    ] * 2
    assert again.get_int_custom_property("pushed") == 1
    assert files(again.uri) == FILES


def test_a_model_that_was_withdrawn_is_not_pushed_again(push, serving):
    version = push().get_string_custom_property("pushed_version")
    (serving / ".withdrawn").mkdir()
    (serving / version).rename(serving / ".withdrawn" / version)
    again = push()
    assert versions(serving) == []
    assert again.get_string_custom_property("pushed_version") == version


def test_a_model_of_an_earlier_day_than_the_one_served_is_put_aside(push, serving):
    served = push(span="2026-01-05").get_string_custom_property("pushed_version")
    late = push(saved=b"late", span="2026-01-04")
    version = late.get_string_custom_property("pushed_version")
    aside = serving / ".superseded" / version
    assert versions(serving) == [served]
    assert late.get_string_custom_property("pushed_destination") == str(aside)
    assert int(version) > int(served)
    assert files(aside)["fingerprint.pb"] == b"late"
    # Pushed again it is found where it lies, and its number is never another model's.
    assert push().get_string_custom_property("pushed_destination") == str(aside)
    next_day = push(saved=b"next", span="2026-01-06").get_string_custom_property("pushed_version")
    assert versions(serving) == sorted([served, next_day])
    assert int(next_day) > int(version)


def test_the_same_day_again_is_served(push, serving):
    first = push(span="2026-01-05").get_string_custom_property("pushed_version")
    second = push(saved=b"again", span="2026-01-05").get_string_custom_property("pushed_version")
    assert versions(serving) == [first, second]


def test_beside_a_withdrawn_model_of_a_later_day_an_earlier_day_is_served(push, serving):
    later = push(span="2026-01-05").get_string_custom_property("pushed_version")
    (serving / ".withdrawn").mkdir()
    (serving / later).rename(serving / ".withdrawn" / later)
    earlier = push(saved=b"early", span="2026-01-04").get_string_custom_property("pushed_version")
    assert versions(serving) == [earlier]


def test_a_push_waits_for_another_that_is_at_work(push, serving):
    released = []

    def let_go():
        released.append(versions(serving))
        lock.__exit__(None, None, None)

    lock = exclusive(serving / ".lock")
    lock.__enter__()
    timer = threading.Timer(0.3, let_go)
    timer.start()
    version = push().get_string_custom_property("pushed_version")
    timer.join()
    assert released == [[]]
    assert versions(serving) == [version]


def test_a_version_of_a_clock_that_ran_ahead_is_surpassed(tmp_path):
    ahead = int(time.time()) + 10_000
    for name in (str(ahead), "9", ".incoming", "notes"):
        (tmp_path / name).mkdir()
    assert next_version(str(tmp_path)) == str(ahead + 1)


def test_a_version_that_was_withdrawn_is_surpassed_too(tmp_path):
    ahead = int(time.time()) + 10_000
    (tmp_path / ".withdrawn" / str(ahead)).mkdir(parents=True)
    (tmp_path / "9").mkdir()
    assert next_version(str(tmp_path)) == str(ahead + 1)


def test_a_server_that_looks_during_the_push_sees_complete_versions_only(
    push, serving, monkeypatch
):
    push()
    seen = []
    copy = fileio.copy

    def look_and_copy(source, target, overwrite=False):
        seen.append([files(serving / version) == FILES | ORIGIN for version in versions(serving)])
        copy(source, target, overwrite)

    monkeypatch.setattr(fileio, "copy", look_and_copy)
    push(saved=b"newer")
    # Five files go to the staging directory and five to the archive; only the old version shows.
    assert seen == [[True]] * 10
    assert len(versions(serving)) == 2


def test_a_push_that_is_killed_while_it_copies_leaves_no_version(push, serving, monkeypatch):
    copy, copied = fileio.copy, []

    def die_at_the_third_file(source, target, overwrite=False):
        if len(copied) == 2:
            raise KeyboardInterrupt
        copied.append(target)
        copy(source, target, overwrite)

    monkeypatch.setattr(fileio, "copy", die_at_the_third_file)
    with pytest.raises(KeyboardInterrupt):
        push()
    assert versions(serving) == []
    assert sorted(os.listdir(serving)) == [".lock"]
    monkeypatch.undo()
    push()
    (version,) = versions(serving)
    assert files(serving / version) == FILES | ORIGIN


def test_the_requests_of_the_blessing_lie_where_tf_serving_looks_for_them(push, serving):
    pushed = push(warm_up=b"requests")
    version = pushed.get_string_custom_property("pushed_version")
    warm_up = {"assets.extra/tf_serving_warmup_requests": b"requests"}
    assert files(serving / version) == FILES | ORIGIN | warm_up
    # A later model has the requests of its own blessing.
    pushed = push(warm_up=b"others", saved=b"newer")
    newer = pushed.get_string_custom_property("pushed_version")
    assert files(serving / newer)["assets.extra/tf_serving_warmup_requests"] == b"others"


def test_requests_that_cannot_be_copied_leave_no_version(push, serving, monkeypatch):
    copy = fileio.copy

    def fail_at_the_requests(source, target, overwrite=False):
        if source.endswith("tf_serving_warmup_requests"):
            raise OSError("no space left")
        copy(source, target, overwrite)

    monkeypatch.setattr(fileio, "copy", fail_at_the_requests)
    with pytest.raises(OSError, match="no space left"):
        push(warm_up=b"requests")
    assert sorted(os.listdir(serving)) == [".lock"]


def test_the_transforms_that_training_used_are_pushed_with_their_graph(push, serving, tmp_path):
    folder = "assets.extra/transform_graph/transform_fn"
    transforms = {f"{folder}/saved_model.pb": b"transforms", f"{folder}/assets/item": b"a\nb\n"}
    for name, content in transforms.items():
        path = tmp_path / "model" / "Format-Serving" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    push()
    (version,) = versions(serving)
    assert files(serving / version) == FILES | ORIGIN | transforms
