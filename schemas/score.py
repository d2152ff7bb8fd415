"""The fusion expression: one score out of several probabilities and raw columns.

A score is arithmetic over names and numbers: + - * / **, parentheses, and the functions log, exp,
min and max. Nothing else parses, so a YAML cannot run code.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any

FUNCTIONS = ("log", "exp", "min", "max")
_OPERATORS = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}


class _Symbol:
    """A value whose arithmetic never fails, to walk an expression without numbers."""

    def combine(self, *_: object) -> "_Symbol":
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = combine
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __neg__ = combine


def _parse(expression: str) -> ast.expr:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"score cannot be read as arithmetic: {expression!r} ({error})") from error


def evaluate_score(
    expression: str,
    values: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
) -> Any:
    """Evaluates a score with whatever arithmetic `values` bring: floats, arrays or tensors.

    Args:
        expression: the score.
        values: of the names in it.
        functions: implementations of FUNCTIONS for those values.

    Raises:
        ValueError: if the expression has anything but arithmetic, or an unknown name.
    """

    def walk(node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            value = node.value
            if type(value) is int or type(value) is float:  # a bool is an int to isinstance
                return float(value)
        if isinstance(node, ast.Name):
            if node.id not in values:
                raise ValueError(f"score names {node.id!r}; known are {', '.join(values)}")
            return values[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            return -walk(node.operand) if isinstance(node.op, ast.USub) else walk(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = walk(node.left), walk(node.right)
            match _OPERATORS[type(node.op)]:
                case "+":
                    return left + right
                case "-":
                    return left - right
                case "*":
                    return left * right
                case "/":
                    return left / right
                case _:
                    return left**right
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            name = node.func.id
            if name in FUNCTIONS and not node.keywords:
                return functions[name](*(walk(argument) for argument in node.args))
        raise ValueError(
            f"score may hold names, numbers, + - * / ** and {', '.join(FUNCTIONS)}. "
            f"Received: {ast.unparse(node)!r} in {expression!r}"
        )

    return walk(_parse(expression))


def names_in_score(expression: str) -> tuple[str, ...]:
    """Returns the names an expression uses, in order, once each.

    Raises:
        ValueError: if it has anything but arithmetic, or numbers such as 1 / 0.
    """
    tree = _parse(expression)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    nodes = [
        node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called
    ]
    found = [node.id for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset))]

    nothing = _Symbol()
    try:
        evaluate_score(
            expression, dict.fromkeys(found, nothing), dict.fromkeys(FUNCTIONS, nothing.combine)
        )
    except ArithmeticError as error:
        raise ValueError(f"score {expression!r} has no value: {error}") from error
    return tuple(dict.fromkeys(found))
