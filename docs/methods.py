"""Writes docs/methods.md from the docstrings of methods and the results of benchmarks.

Run as `python docs/methods.py` it writes the page; with `--check` it says, and answers by its exit
code 1, whether the page is another than the one it would write.
"""

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from models import options
from models.balances import BALANCES
from models.interactions import INTERACTIONS
from models.objectives import OBJECTIVES
from models.trunks import TRUNKS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "methods.md"
RESULTS = ROOT / "benchmarks" / "results"
AUTHORS = re.compile(r"([A-Z][\w'-]+(?: et al\.| and [A-Z][\w'-]+)?), (?=\"|[A-Z]+ \d{4})")
YEAR = re.compile(r"\b(?:19|20)\d{2}\b")

# What a benchmark calls a method, where that is another name than ours.
LADDER = {
    "clicked_only": "BASE",
    "aman": "AMAN",
    "oversampling": "OVERSAMPLING",
    "unbias": "UNBIAS",
    "division": "DIVISION",
    "entire_space": "ESMM",
    "inverse_propensity": "ESCM2-IPS",
    "doubly_robust": "ESCM2-DR",
}
INTRODUCTION = """\
# Methods

A model is a trunk x an objective x a balance, over an interaction: four words in the YAML, each
with the options it needs. This page is made by `docs/methods.py` from the docstrings of the code
and from `benchmarks/results/*.json`; a test fails when it is not what they say.

Figures are means ± standard deviations over seeds, on the data and with the tuning that each
benchmark tells at its head. They compare within one benchmark, not across benchmarks or papers.
"""
SECTIONS: Sequence[tuple[str, str, Any, Mapping[str, type]]] = (
    ("Interactions", "interaction", options.Interaction, INTERACTIONS),
    ("Trunks", "trunk", options.Trunk, TRUNKS),
    ("Objectives", "objective", options.Objective, OBJECTIVES),
    ("Balances", "balance", options.Balance, BALANCES),
)


def page() -> str:
    """Returns the whole page."""
    results = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(RESULTS.glob("*.json"))
    }
    parts = [INTRODUCTION]
    for title, key, union, methods in SECTIONS:
        parts += [f"## {title}\n", _table(key, union, methods, results)]
    return "\n".join([*parts, "## Where the figures come from\n", _sources(results)])


def _table(key: str, union: Any, methods: Mapping[str, type], results: Mapping[str, Any]) -> str:
    lines = ["| YAML | what it is | when | paper | measured |", "|---|---|---|---|---|"]
    for option in get_args(get_args(union)[0]):
        kind = option.model_fields["kind"].default
        cells = (
            f"`{_yaml(key, option)}`",
            _what(methods[kind]),
            _when(option),
            _paper(methods[kind]),
            "<br>".join(_measured(key, kind, results)) or "–",
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _yaml(key: str, option: Any) -> str:
    """Returns the line that chooses a method, with its options at their defaults."""
    kind = option.model_fields["kind"].default
    required = {name: "1h" for name, field in option.model_fields.items() if field.is_required()}
    given = option.model_validate(required).model_dump(mode="json")
    given |= required
    shown = {name: value for name, value in given.items() if name != "kind" and value is not None}
    if not shown:
        return f"{key}: {kind}"
    return f"{key}: {{kind: {kind}, {', '.join(f'{n}: {_value(v)}' for n, v in shown.items())}}}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _what(method: type) -> str:
    first = inspect.cleandoc(method.__doc__ or "").split("\n\n")[0]
    return " ".join(first.split())


def _when(option: type) -> str:
    last = inspect.cleandoc(option.__doc__ or "").split("\n\n")[-1]
    text = " ".join(last.split()).removeprefix("Use it ")
    return text[0].upper() + text[1:]


def _paper(method: type) -> str:
    text = " ".join(inspect.cleandoc(method.__doc__ or "").split())
    found = re.search(r"https?://[^)\s,;]+[^)\s,;.]", text)
    if found is None:
        return "–"
    before = text[: found.start()]
    authors = AUTHORS.findall(before)
    name = f"{authors[-1]} {YEAR.findall(before)[-1]}" if authors else "paper"
    return f"[{name}]({found[0]})"


def _measured(key: str, kind: str, results: Mapping[str, Any]) -> list[str]:
    """Returns what benchmarks say of a method, a line each."""
    lines = []
    for read in (_of_census, _of_correlation, _of_ladder, _of_kuairand, _of_delay, _of_shop):
        lines += read(key, kind, results)
    return lines


def _summary(results: Mapping[str, Any], name: str, method: str | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = results.get(name, {}).get("summary", {}).get(method, {})
    return found


def _figure(found: Mapping[str, Any], metric: str, digits: int = 4) -> str:
    return f"{found[metric]['mean']:.{digits}f} ± {found[metric]['std']:.{digits}f}"


def _of_census(key: str, kind: str, results: Mapping[str, Any]) -> list[str]:
    name = {"separate": "single_task"}.get(kind, kind)
    found = _summary(results, "census", name) if key == "trunk" else {}
    if not found:
        return []
    note = " (without sharing embeddings)" if kind == "separate" else ""
    return [
        f"Census{note}: AUC income {_figure(found, 'group_1.income_over_50k.auc')}, never married "
        f"{_figure(found, 'group_1.never_married.auc')}"
    ]


def _of_correlation(key: str, kind: str, results: Mapping[str, Any]) -> list[str]:
    found = _summary(results, "correlation", kind) if key == "trunk" else {}
    if not found:
        return []
    return [
        f"Synthetic tasks: loss {_figure(found, 'loss_0.5', 3)} at correlation 0.5, "
        f"{_figure(found, 'loss_1', 3)} at 1"
    ]


def _of_ladder(key: str, kind: str, results: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, note in _rungs(kind) if key == "objective" else ():
        if found := _summary(results, "ladder", name):
            lines.append(
                f"Ladder, simulated{note}: CVR AUC on clicks {_figure(found, 'cvr_auc')}; over all "
                f"impressions, against the truth, AUC {_figure(found, 'entire_auc')}, divergence "
                f"{_figure(found, 'entire_kl')}, bias {found['entire_bias']['mean']:+.4f}"
            )
    return lines


def _rungs(kind: str) -> Sequence[tuple[str, str]]:
    """Returns the rungs of the ladder that a method stands on, and what each shares."""
    name = LADDER.get(kind)
    if name is None:
        return ()
    if kind == "entire_space":
        return ((name, ", shared embeddings"), ("ESMM-NS", ", not shared"))
    if kind == "clicked_only":
        return (("BASE shared", ", shared embeddings"), (name, ", not shared"))
    return ((name, ""),)


def _of_kuairand(key: str, kind: str, results: Mapping[str, Any]) -> list[str]:
    return [
        f"Ladder, KuaiRand{note}: AUC of a like given a click {_figure(found, 'cvr_auc')}"
        for name, note in (_rungs(kind) if key == "objective" else ())
        if (found := _summary(results, "ladder_kuairand", name))
    ]


def _of_delay(key: str, kind: str, results: Mapping[str, Any]) -> list[str]:
    found = _summary(results, "delay", kind) if key == "objective" else {}
    if not found:
        return []
    vanilla = _summary(results, "delay", "vanilla")
    return [
        f"Delayed conversions: log loss {_figure(found, 'log_loss')}, prediction by truth "
        f"{found['bias']['mean']:.3f} (labels taken as they are: "
        f"{vanilla['log_loss']['mean']:.4f}, {vanilla['bias']['mean']:.3f})"
    ]


def _of_shop(key: str, kind: str, results: Mapping[str, Any]) -> list[str]:
    found = _summary(results, "methods", f"{key}: {kind}")
    if not found:
        return []
    return [
        f"Simulated shop, ESMM on MMoE but for this: AUC ctr {_figure(found, 'ctr')}, cvr "
        f"{_figure(found, 'cvr')}, ctcvr {_figure(found, 'ctcvr')}"
    ]


def _sources(results: Mapping[str, Any]) -> str:
    lines = ["| results | made on | machine | runs |", "|---|---|---|---|"]
    for name, found in results.items():
        if "runs" in found:
            lines.append(
                f"| `benchmarks/results/{name}.json` | {found['date']} | {found['machine']} | "
                f"{len(found['runs'])} |"
            )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str], write: Callable[[str], object] = PAGE.write_text) -> int:
    """Writes the page, or with --check says whether it is up to date."""
    made = page()
    if "--check" not in arguments:
        write(made)
        return 0
    if PAGE.read_text(encoding="utf-8") == made:
        return 0
    print(f"{PAGE.name} is not what the code and the results say: run python docs/methods.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
