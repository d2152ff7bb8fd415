from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.kubeflow.places import folder_of, scratch_of

ARTIFACTS = Path("/mnt/funnelrank/demo/artifacts")
MODEL = "minio://mlpipeline/v2/artifacts/demo/run-1/Trainer/5a17/model"


def test_a_uri_stands_for_one_folder_that_names_run_and_step():
    assert folder_of(MODEL, ARTIFACTS) == ARTIFACTS.joinpath(
        "minio/mlpipeline/v2/artifacts/demo/run-1/Trainer/5a17/model"
    )


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (MODEL, "/minio/mlpipeline/v2/artifacts/demo/run-1/Trainer/5a17/model"),
        ("s3://bucket/a/b", "/s3/bucket/a/b"),
        ("gs://bucket/a/b", "/gcs/bucket/a/b"),
    ],
)
def test_the_launcher_uploads_from_a_folder_named_after_the_store(uri, path):
    assert scratch_of(uri) == Path(path)


def test_settings_of_a_bucket_are_no_part_of_a_place():
    assert folder_of("s3://bucket/a?region=eu", ARTIFACTS) == ARTIFACTS / "s3/bucket/a"


@pytest.mark.parametrize(
    "uri",
    [
        "/mnt/funnelrank/model",
        "oci://registry/model",
        "minio://",
        "minio:///",
        "minio://bucket/../../../../etc",
        "",
    ],
)
def test_what_is_no_place_of_an_object_store_is_refused(uri):
    with pytest.raises(ValueError, match="lie in an object store") as refusal:
        folder_of(uri, ARTIFACTS)
    assert repr(uri) in str(refusal.value)


@given(st.text(st.characters(codec="utf-8", exclude_characters="?\0"), max_size=40))
def test_no_uri_leads_out_of_the_folder_of_artifacts(key):
    try:
        found = folder_of(f"minio://{key}", ARTIFACTS)
    except ValueError:
        return
    assert found.is_relative_to(ARTIFACTS / "minio")
    assert ".." not in found.parts


names = st.text("abc.-", min_size=1, max_size=5).filter(lambda name: name not in (".", ".."))
keys = st.tuples(st.sampled_from(["gs", "s3", "minio"]), st.lists(names, min_size=1, max_size=3))


@given(keys, keys)
def test_two_uris_never_share_a_folder(one, other):
    folders = [folder_of(f"{scheme}://{'/'.join(key)}", ARTIFACTS) for scheme, key in (one, other)]
    assert (folders[0] == folders[1]) == (one == other)
