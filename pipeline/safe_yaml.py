"""YAML from people: plain values only, within limits that no config comes near.

PyYAML's safe loader runs no code, but it works through levels by recursion, copies what aliases
stand for, and lets errors of Python's own through: a few bytes end a process or fill its memory.
"""

import dataclasses
from pathlib import Path
from typing import Any

import yaml

# The largest config shipped has 8 kB, 400 values and 5 levels.
MOST_CHARACTERS = 2**20
MOST_LEVELS = 32
# Of keys and values, aliases counted as what they stand for.
MOST_NODES = 100_000
_BYTES_A_CHARACTER = 4


class NotPlain(ValueError):
    """A text that is no YAML, or more than plain values within the limits.

    Attributes:
        line: of the text, from 1; None where the whole of it is meant.
    """

    def __init__(self, sentence: str, line: int | None = None):
        super().__init__(sentence)
        self.line = line


@dataclasses.dataclass(frozen=True)
class Plain:
    """A YAML document.

    Attributes:
        tree: its nodes, which know their lines; None if it is empty.
        value: mappings, lists and scalars.
    """

    tree: yaml.Node | None
    value: Any


def read_text(path: Path) -> str:
    """Returns the text of a file, of which no more is read than a config may have.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no UTF-8.
    """
    with path.open("rb") as file:
        return file.read(_BYTES_A_CHARACTER * (MOST_CHARACTERS + 1)).decode("utf-8")


def parse(text: str) -> Plain:
    """Returns what stands in a YAML document.

    Raises:
        NotPlain: if it is none, is larger or deeper than the limits, has a tag such as !!binary, a
            key twice, or a value that is none of its kind, such as the date 2026-02-31.
    """
    if len(text) > MOST_CHARACTERS:
        raise NotPlain(f"it has more than {MOST_CHARACTERS:,} characters, which no config needs")
    try:
        _check(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        if tree is not None:
            _check_keys(tree)
        return Plain(tree, yaml.safe_load(text))
    except yaml.YAMLError as error:
        line = _line(getattr(error, "problem_mark", None))
        raise NotPlain(f"it is not YAML: {' '.join(str(error).split())}", line) from error
    except NotPlain:
        raise
    except ValueError as error:
        raise NotPlain(f"it has a value that is none of its kind: {error}") from error


def _check(text: str) -> None:
    """Checks the events of a document, before anything is made of them."""
    counts = [0]  # nodes so far of each collection that is open, the document first
    names: list[str | None] = []
    sizes: dict[str, int] = {}  # of what has a name, with all in it
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.NodeEvent):
            _check_tag(event, line)
            counts[-1] += 1
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise NotPlain(f"the alias *{event.anchor} names nothing before it", line)
            counts[-1] += sizes[event.anchor]
        elif isinstance(event, yaml.CollectionStartEvent):
            counts.append(0)
            names.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            inside, name = counts.pop(), names.pop()
            counts[-1] += inside
            if name is not None:
                sizes[name] = inside
        elif isinstance(event, yaml.ScalarEvent) and event.anchor is not None:
            sizes[event.anchor] = 0
        if len(names) > MOST_LEVELS:
            raise NotPlain(f"it has more than {MOST_LEVELS} levels, which no config needs", line)
        if sum(counts) > MOST_NODES:
            raise NotPlain(
                f"it has more than {MOST_NODES:,} keys and values, aliases counted as what they "
                "stand for",
                line,
            )


def _line(mark: Any) -> int:
    """Returns the line of a place in the text, from 1."""
    return 1 if mark is None else int(mark.line) + 1


def _check_tag(event: yaml.NodeEvent, line: int) -> None:
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise NotPlain(f"it has the tag {tag}: a config holds plain values, without tags", line)


def _check_keys(node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _check_keys(value)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        line = _line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise NotPlain("a key is a text, not a list or a mapping", line)
        if key.value in seen:
            raise NotPlain(f"the key {key.value!r} stands twice", line)
        seen.add(key.value)
        _check_keys(value)
