"""Prints, for each Python file named, a line of JSON for each place that would lose an error: path, line, what.

A handler deals with its error where every path raises, counts something up, or uses the error in more than a test. One
that names a single class of error narrower than `OSError` has decided, unless it does nothing at all.
A line `# swallowed: REASON` in the handler, or above it, is the author's own decision.
"""
import ast
import json
import re
import sys

EXCUSE = re.compile(r"# swallowed: \S.{9,}")
BROAD = {"BaseException", "Exception", "OSError", "IOError", "EnvironmentError", "RuntimeError", "Error"}


def places(source):
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        what = None
        if isinstance(node, ast.ExceptHandler) and not deals_with(node):
            what = "an except that loses its error"
        elif isinstance(node, ast.With) and any(is_suppress(item.context_expr) for item in node.items):
            what = "a suppress"
        if what and not any(EXCUSE.search(line) for line in lines[max(0, node.lineno - 2):node.end_lineno]):
            yield node.lineno, what


def is_suppress(node):
    called = node.func if isinstance(node, ast.Call) else None
    return getattr(called, "attr", getattr(called, "id", None)) == "suppress"


def deals_with(handler):
    if all(isinstance(statement, (ast.Pass, ast.Continue)) for statement in handler.body):
        return False
    return is_named(handler.type) or fate(handler.body, {handler.name} - {None}) == "handled"


def is_named(kind):
    if isinstance(kind, ast.Attribute):
        return kind.attr not in BROAD
    return isinstance(kind, ast.Name) and kind.id not in BROAD


def fate(statements, names):
    for statement in statements:
        found = fate_of(statement, names)
        if found != "open":
            return found
    return "open"


def fate_of(statement, names):
    if isinstance(statement, ast.Raise):
        return "handled"
    if isinstance(statement, (ast.Break, ast.Continue)):
        return "dropped"
    if isinstance(statement, ast.Return):
        return "handled" if statement.value is not None and uses(statement.value, names) else "dropped"
    if isinstance(statement, ast.AugAssign):
        return "handled"
    if isinstance(statement, ast.Assign):
        # Kept in an object, it is handed on; made into a local name, that name stands for it.
        if any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in statement.targets) and uses(statement.value, names):
            return "handled"
        if mentions(statement.value, names):
            names |= {node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)}
        return "open"
    if isinstance(statement, ast.If):
        then, other = fate(statement.body, set(names)), fate(statement.orelse, set(names))
        if mentions(statement.test, names):
            return then if isinstance(statement.test, ast.UnaryOp) else other
        return then if then == other else "dropped" if "dropped" in (then, other) else "open"
    if isinstance(statement, (ast.With, ast.Try)):
        return fate(statement.body, names)
    return "handled" if isinstance(statement, ast.Expr) and uses(statement.value, names) else "open"


def mentions(node, names):
    return any(isinstance(each, ast.Name) and each.id in names for each in ast.walk(node))


def uses(node, names):
    """Whether the value goes somewhere: a comparison and an isinstance are tests."""
    if isinstance(node, ast.Compare) or (isinstance(node, ast.Call) and getattr(node.func, "id", None) == "isinstance"):
        return False
    if isinstance(node, ast.IfExp):
        return uses(node.body, names) or uses(node.orelse, names)
    if isinstance(node, ast.Name):
        return node.id in names
    return any(uses(child, names) for child in ast.iter_child_nodes(node))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with open(path, encoding="utf8") as file:
            for line, what in places(file.read()):
                print(json.dumps({"path": path, "line": line, "what": what}))
