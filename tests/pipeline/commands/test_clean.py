import subprocess
import sys

from tests.pipeline.lineage.conftest import write_store as write_store
from tests.pipeline.test_clean import run as run
from tests.pipeline.test_clean import work as work


def test_the_command_says_what_went(run, work, invoke):
    for number in (1, 2, 3):
        run(number)
    done = invoke("clean", work.root, "--keep", 2, "--dry-run")
    assert done.stdout.endswith("3 folders would be removed: 0 MiB\n")
    done = invoke("clean", work.root, "--keep", 2)
    assert [line.split("work/")[-1] for line in done.stdout.splitlines()] == [
        "artifacts/In/1",
        "artifacts/Trainer/1",
        "serving/1",
        "3 folders removed: 0 MiB",
    ]


def test_a_folder_without_runs_is_misuse(invoke, sentence, tmp_path):
    said = sentence(invoke("clean", tmp_path), 2)
    assert said.startswith(f"{tmp_path} is no work directory: no run is written down there")


def test_nobody_waits_for_tensorflow_to_clean():
    code = "import sys, pipeline.clean; print(sorted({'tensorflow', 'tfx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
