"""What our code may not do with what it reads: an `ast` test over every package."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "evaluation", "components", "models", "pipeline", "simulation", "examples")
# Modules that make objects, and so run code, of bytes.
MAKERS = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "jsonpickle"}
# The one that looks into pickles to refuse them.
LOOKS_INTO_PICKLES = "components/transform/harmless.py"
RUNNERS = {"eval", "exec", "compile", "__import__"}
# By the name of what is called: what it may not be called with, or not at all.
REFUSED = {
    "system": None,
    "popen": None,
    "mktemp": None,  # another may make the file in between
    "extractall": None,
    "unpack_archive": None,
    "load_model": None,  # of Keras: Lambda layers are marshalled code
    "model_from_json": None,
    "enable_unsafe_deserialization": None,
    "unsafe_load": None,
    "full_load": None,
    "py_function": None,
    "numpy_function": None,
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def wrong(tree: ast.Module) -> Iterator[str]:
    """Yields what a module does that it may not, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            for name in MAKERS.intersection(part.split(".")[0] for part in named):
                yield f"{node.lineno}: imports {name}"
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        last = name.rpartition(".")[2]
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if name in RUNNERS or (last in REFUSED and name != "re.compile"):
            yield f"{node.lineno}: calls {name}"
        if name in ("np.load", "numpy.load") and given.get("allow_pickle") != "False":
            yield f"{node.lineno}: np.load without allow_pickle=False"
        if name in ("yaml.load", "yaml.load_all") and "SafeLoader" not in ast.unparse(node):
            yield f"{node.lineno}: yaml.load without the safe loader"
        if given.get("shell", "False") != "False":
            yield f"{node.lineno}: hands a text to a shell"
        if name.endswith("duckdb.connect") and "config" not in given:
            yield f"{node.lineno}: DuckDB without its limits"
        if given.get("verify") == "False" or given.get("cert_reqs", "").endswith("NONE'"):
            yield f"{node.lineno}: does not ask a server who it is"


def test_no_package_runs_what_it_reads():
    found = {
        f"{path}:{said}"
        for path, tree in modules()
        if path != LOOKS_INTO_PICKLES
        for said in wrong(tree)
    }
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        *("import pickle", "from joblib import load", "import numpy, dill as d"),
        *("eval(x)", "exec('x')", "__import__(x)", "os.system(x)", "tempfile.mktemp()"),
        *("np.load(x)", "np.load(x, allow_pickle=True)", "yaml.load(x)", "yaml.unsafe_load(x)"),
        *("yaml.load(x, yaml.Loader)", "subprocess.run(x, shell=True)", "tf.py_function(f, x, y)"),
        *("duckdb.connect()", "tf.keras.models.load_model(x)", "requests.get(x, verify=False)"),
    ],
)
def test_what_it_may_not_do_is_seen(line):
    assert list(wrong(ast.parse(line)))


def test_pages_escape_everything_that_they_show():
    templates = sorted((ROOT / "components/run_report/templates").rglob("*.html"))
    assert len(templates) > 3
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", "") and "autoescape" not in text, path
