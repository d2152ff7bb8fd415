"""The tables that are printed at the end."""

from collections.abc import Mapping

from rich.table import Table

from benchmarks.census_income.paper import TABLES
from benchmarks.census_income.plan import GROUPS
from benchmarks.census_income.summary import BASELINES

# By method and `<group>.<head>.auc`, as `summary.figures` gives them.
Summary = Mapping[str, Mapping[str, Mapping[str, float]]]


def aucs(group: str, summary: Summary, parameters: Mapping[str, int], seeds: int) -> Table:
    """Returns mean, deviation and best of every method, beside the paper's."""
    main, auxiliary = GROUPS[group]
    table = Table(
        title=f"{group}: test AUC of {seeds} seeds; best = the run with the best {main}",
        title_justify="left",
    )
    table.add_column("method", no_wrap=True)
    table.add_column("parameters", justify="right")
    for head, best in ((main, "best"), (auxiliary, "at best")):
        for column in (f"{head}\nmean ± std", best, "paper\nmean", f"paper\n{best}"):
            table.add_column(column, justify="right")
    for method, found in summary.items():
        cells = [method, f"{parameters[method]:,}"]
        published = TABLES[group].get(method)
        for head in GROUPS[group]:
            ours = found[f"{group}.{head}.auc"]
            cells += [f"{ours['mean']:.4f} ± {ours['std']:.4f}", f"{ours['best']:.4f}"]
            if published is None:
                cells += ["", ""]
            else:
                theirs = (published.main_best, published.auxiliary_best)[head == auxiliary]
                cells += [f"{published.mean(head == auxiliary):.4f}", f"{theirs:.4f}"]
        table.add_row(*cells)
    return table


def differences(group: str, summary: Summary) -> Table:
    """Returns the paired differences against the baselines, with their intervals."""
    table = Table(
        title=f"{group}: test AUC less that of the baseline, x 10,000, paired by seed, "
        "with 95 % intervals",
        title_justify="left",
    )
    table.add_column("method", no_wrap=True)
    for head in GROUPS[group]:
        for baseline in BASELINES:
            table.add_column(f"{head}\nless {baseline}", justify="right")
    for method, found in summary.items():
        cells = [method]
        for head in GROUPS[group]:
            ours = found[f"{group}.{head}.auc"]
            for baseline in BASELINES:
                names = (f"vs_{baseline}", f"vs_{baseline}_low", f"vs_{baseline}_high")
                if names[0] not in ours:
                    cells.append("")
                    continue
                mean, low, high = (1e4 * ours[name] for name in names)
                cells.append(f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]")
        table.add_row(*cells)
    return table
