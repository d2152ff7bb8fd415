import pytest

from pipeline.errors import Misuse
from pipeline.kubeflow.output import write_compiled


def test_a_file_that_kubeflow_would_not_take_is_refused(config, tmp_path):
    with pytest.raises(Misuse, match=r"a file called \*\.yaml. Received: .*pipeline\.json"):
        write_compiled(config(), tmp_path / "pipeline.json", None)
    assert not (tmp_path / "pipeline.json").exists()


def test_a_place_that_cannot_be_written_is_told(config, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Misuse, match=r"cannot write .*/file/pipeline\.yaml: "):
        write_compiled(config(), tmp_path / "file" / "pipeline.yaml", None)


def test_the_file_appears_whole_and_is_told(config, tmp_path, capfd):
    output = tmp_path / "new" / "pipeline.yaml"
    write_compiled(config(), output, None)
    assert capfd.readouterr().out == f"pipeline {output}\n"
    assert [path.name for path in output.parent.iterdir()] == ["pipeline.yaml"]
    assert output.read_text().count("\n---\n") == 1
