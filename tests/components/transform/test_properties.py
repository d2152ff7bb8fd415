import subprocess
import sys


def test_who_only_reads_the_properties_imports_no_framework():
    code = (
        "import sys, components.transform.properties as p; print(p.TRAINED, p.ANALYSED, "
        "sorted({'tensorflow', 'tfx', 'apache_beam'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "spans spans_analysed []\n"
