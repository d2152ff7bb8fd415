"""An iterator that runs ahead: its next elements are made while one is worked on."""

import collections
import concurrent.futures
from collections.abc import Iterator
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


def ahead(elements: Iterator[T], depth: int = 4) -> Iterator[T]:
    """Yields the elements in order; while one is in use, a thread makes the next `depth`.

    What making an element raises is raised here in its turn. Arrow, DuckDB, compression and files
    work outside Python's lock, so two cores are busy. Whoever leaves early waits until what has
    begun is made.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        coming = collections.deque(thread.submit(next, elements, _END) for _ in range(depth))
        while (element := coming.popleft().result()) is not _END:
            coming.append(thread.submit(next, elements, _END))
            yield element
