"""The fusion expression: one score out of several probabilities and raw columns.

A score is arithmetic over names and numbers: + - * / **, parentheses, and the functions log, exp,
min and max. Nothing else parses, so a YAML cannot run code.
"""

import ast
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

# How many arguments each function takes; one of several is folded over them, two at a time.
FUNCTIONS = {"log": 1, "exp": 1, "min": 2, "max": 2}
_MOST_CHARACTERS = 1000
_DEEPEST = 100
_LARGEST = 3.4e38  # of 32 bits, in which a graph computes
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.Pow: lambda left, right: left**right,
}


class _Symbol:
    """A value whose arithmetic fails with numbers that are none only."""

    def combine(self, *others: object) -> "_Symbol":
        for other in others:
            _check_number(other)
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = combine
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __neg__ = combine


def _check_number(value: object) -> None:
    # -1 to the power of a half is complex to Python.
    if isinstance(value, _Symbol) or (isinstance(value, float) and abs(value) <= _LARGEST):
        return
    raise ArithmeticError(f"{value} is no number of 32 bits")


def _symbolic(function: Callable[..., float]) -> Callable[..., Any]:
    def of(*values: Any) -> Any:
        for value in values:
            _check_number(value)
        symbol = next((value for value in values if isinstance(value, _Symbol)), None)
        if symbol is not None:
            return symbol
        try:
            return function(*values)
        except ValueError as error:  # as math says of log(0)
            raise ArithmeticError(f"{error} in {function.__name__}") from error

    return of


_SYMBOLIC = {
    "log": _symbolic(math.log),
    "exp": _symbolic(math.exp),
    "min": _symbolic(min),
    "max": _symbolic(max),
}


def parse_score(expression: str) -> ast.expr:
    """Returns the syntax tree of a score, of which nothing but its size has been checked.

    Raises:
        ValueError: if it is no expression, or one too long or too deep.
    """
    if len(expression) > _MOST_CHARACTERS:
        raise ValueError(
            f"a score has at most {_MOST_CHARACTERS} characters. Received {len(expression)}"
        )
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        deep = _depth(tree) > _DEEPEST
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"score cannot be read as arithmetic: {expression!r} ({error})") from error
    except (RecursionError, MemoryError):  # Python's own limits
        deep = True
    if deep:
        raise ValueError(
            f"a score may be nested {_DEEPEST} deep, and this one is deeper: split it, or leave "
            f"parentheses and signs out. Received: {expression!r}"
        )
    return tree


def _depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in _children(node)]
    return depth


def _children(node: ast.AST) -> Iterator[ast.expr]:
    return (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))


def evaluate_score(
    expression: str,
    values: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
) -> Any:
    """Evaluates a score with whatever arithmetic `values` bring: floats, arrays or tensors.

    Args:
        expression: the score.
        values: of the names in it.
        functions: implementations of FUNCTIONS for those values; min and max of two of them.

    Raises:
        ValueError: if the expression has anything but arithmetic, an unknown name, or a function
            with a wrong number of arguments.
    """

    def walk(node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return float(value)
            case ast.Name(id=name):
                if name not in values:
                    raise ValueError(f"score names {name!r}; known are {', '.join(values)}")
                return values[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -walk(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return walk(operand)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](walk(left), walk(right))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                _check_arity(node, name, len(arguments))
                found = [walk(argument) for argument in arguments]
                function = functions[name]
                return function(*found) if len(found) == 1 else functools.reduce(function, found)
        raise ValueError(
            f"score may hold names, numbers, + - * / ** and {', '.join(FUNCTIONS)}. "
            f"Received: {ast.unparse(node)!r} in {expression!r}"
        )

    return walk(parse_score(expression))


def _check_arity(node: ast.expr, name: str, count: int) -> None:
    takes = FUNCTIONS[name]
    if count < takes or (takes == 1 and count > 1):
        wanted = "1 argument" if takes == 1 else f"{takes} or more arguments"
        raise ValueError(f"{name} takes {wanted}. Received {count}, in {ast.unparse(node)!r}")


def names_in_score(expression: str) -> tuple[str, ...]:
    """Returns the names an expression uses, in order, once each.

    Raises:
        ValueError: if it has anything but arithmetic, no name at all, or numbers such as 1 / 0.
    """
    tree = parse_score(expression)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    nodes = [
        node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called
    ]
    found = [node.id for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset))]
    try:
        result = evaluate_score(expression, dict.fromkeys(found, _Symbol()), _SYMBOLIC)
        _check_number(result)
    except ArithmeticError as error:
        raise ValueError(f"score {expression!r} has no value: {error}") from error
    if not found:
        raise ValueError(
            f"a score is made of answers and columns, as in `ctr * cvr`. Received: {expression!r}"
        )
    return tuple(dict.fromkeys(found))
