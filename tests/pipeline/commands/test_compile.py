import pytest

IMAGE = "registry.example/funnelrank@sha256:" + "0" * 64
KUBEFLOW = f"""\
kubeflow:
  image: {IMAGE}
  root: /mnt/funnelrank/tiny
  volume: {{claim: funnelrank, path: /mnt/funnelrank}}
  resources: {{Trainer: {{cpu: 8}}}}
"""
MISUSES = {
    "no kubeflow": ([], ("kubeflow", ""), "this config has no `kubeflow`"),
    "a tag": ([], ("@sha256:" + "0" * 64, ":latest"), "kubeflow.image: an image is named by"),
    "a root elsewhere": ([], ("/mnt/funnelrank/tiny", "/data"), "must be a folder on the volume"),
    "an unseen root of logs": ([], ("", ""), "logs.root: every step must see the logs"),
    "a GPU for the join": (
        ["--set", "kubeflow.resources={LogExampleGen: {accelerator: {type: nvidia.com/gpu}}}"],
        ("", ""),
        "LogExampleGen cannot use an accelerator",
    ),
    "no search": (["--tune"], ("", ""), "this config has no `tuning`"),
    "an unknown component": (
        ["--set", "logs.root=gs://b", "--set", "kubeflow.resources={Trainr: {cpu: 8}}"],
        ("", ""),
        "kubeflow.resources: there is no component 'Trainr': did you mean 'Trainer'?",
    ),
}


@pytest.mark.parametrize(("options", "change", "said"), MISUSES.values(), ids=MISUSES.keys())
def test_misuse_is_one_sentence_and_writes_nothing(
    options, change, said, write_config, tmp_path, invoke, sentence
):
    path = write_config()
    block = "" if change[0] == "kubeflow" else KUBEFLOW.replace(*change)
    path.write_text(path.read_text() + block)
    result = invoke("compile", path, "-o", tmp_path / "pipeline.yaml", *options)
    assert said in sentence(result, 2)
    assert not (tmp_path / "pipeline.yaml").exists()


def test_a_name_that_kubeflow_refuses_is_refused(write_config, tmp_path, invoke, sentence):
    path = write_config(("name: tiny", "name: Tiny_Shop"))
    said = sentence(invoke("compile", path, "-o", tmp_path / "pipeline.yaml"), 2)
    assert "because Kubeflow refuses others. Received: 'Tiny_Shop'" in said


def test_a_file_must_be_named(write_config, invoke):
    result = invoke("compile", write_config())
    assert result.exit_code == 2
    assert "Missing option '-o'" in result.stderr
