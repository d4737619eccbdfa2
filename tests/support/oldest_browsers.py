"""Prints what in static/ is newer than the oldest browsers that the documents name, as file:line, for `make lint`.

The code is parsed, never searched as text. What is newer stands in newer_features.toml. A place is let through

- in a stylesheet inside of `@supports`, or where the same rule says the same property in older words before;
- in a script where the file asks first (`typeof X`, `"x" in …`) or calls by `?.()`;
- where a comment on the line, or on the one above, begins with `newer:` and says how the page does without.
"""

import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import tree_sitter_css
import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

STATIC = Path(__file__).resolve().parents[2] / "static"
FEATURES = tomllib.loads(Path(__file__).with_name("newer_features.toml").read_text(encoding="utf-8"))
CSS = Parser(Language(tree_sitter_css.language()))
JAVASCRIPT = Parser(Language(tree_sitter_javascript.language()))
DECLARES = ("variable_declarator", "function_declaration", "import_specifier", "formal_parameters", "arrow_function")
PATTERNS = ("object_pattern", "array_pattern", "assignment_pattern", "rest_pattern")


class Browsers(NamedTuple):
    """The oldest versions. A WebView of Android is a Chrome, a browser on iOS is a Safari."""

    chrome: float
    safari: float
    firefox: float


STUDENTS = Browsers(chrome=88, safari=15, firefox=98)
STAFF = Browsers(chrome=92, safari=16, firefox=98)
STAFFS_OWN = (
    "css/center.css",
    "css/portal.css",
    "js/crop",
    "js/judging.js",
    "js/lists.js",
    "js/picks.js",
    "js/review.js",
    "js/station",
)

Found = Iterator[tuple[Node, str]]


def text(node: Node | None) -> str:
    return node.text.decode() if node and node.text else ""


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def parents(node: Node) -> Iterator[Node]:
    while node.parent:
        node = node.parent
        yield node


def field(node: Node, name: str) -> Node | None:
    return node.child_by_field_name(name)


# --- stylesheets --------------------------------------------------------------------------------------------------


def css_features(root: Node) -> Found:
    for node in nodes(root):
        yield from ((node, name) for name in _css_names(node))


def _css_names(node: Node) -> Iterator[str]:
    kind, inside = node.type, next(parents(node), None)
    if kind == "declaration":
        yield text(node.children[0])
        yield from (
            f"{text(node.children[0])}: {text(value)}" for value in node.children if value.type == "plain_value"
        )
    elif kind == "function_name":
        yield f"{text(node)}()"
    elif kind in ("unit", "at_keyword", "feature_name"):
        yield text(node)
    elif kind in ("pseudo_class_selector", "pseudo_element_selector"):
        colon = "::" if kind == "pseudo_element_selector" else ":"
        yield from (colon + text(name) for name in node.children if name.type in ("class_name", "tag_name"))
    elif (
        kind == "rule_set" and inside and inside.type == "block" and inside.parent and inside.parent.type == "rule_set"
    ):
        yield "&"


def css_is_accepted(node: Node, name: str) -> bool:
    above = {part.type: part for part in reversed([node, *parents(node)])}
    if "feature_query" in above:
        return "supports_statement" in above  # the question itself
    if asked := above.get("supports_statement"):
        return all(child.type != "unary_query" for child in asked.children)
    said = above.get("declaration")
    if not said or not said.parent:
        return False
    earlier = said.parent.children[: said.parent.children.index(said)]
    return any(text(other.children[0]) == text(said.children[0]) for other in earlier if other.type == said.type)


# --- scripts ------------------------------------------------------------------------------------------------------


def javascript_features(root: Node) -> Found:
    declared = _declared(root)
    for node in nodes(root):
        yield from ((node, name) for name in _javascript_names(node, declared))


def _declared(root: Node) -> set[str]:
    """Names that the file gives itself, so that they are none of the browser's."""
    found = set()
    for node in nodes(root):
        if node.type == "shorthand_property_identifier_pattern":
            found.add(text(node))
        elif node.type == "identifier" and node.parent and node.parent.type in (*DECLARES, *PATTERNS):
            is_used = node in (field(node.parent, "value"), field(node.parent, "body"), field(node.parent, "right"))
            found.update(() if is_used else {text(node)})
    return found


def _javascript_names(node: Node, declared: set[str]) -> Iterator[str]:
    kind, above = node.type, next(parents(node), None)
    call = "()" if above and above.type == "call_expression" and field(above, "function") == node else ""
    if kind == "identifier" and text(node) not in declared:
        yield text(node) + call
    elif kind == "member_expression":
        name = text(field(node, "property"))
        yield f".{name}{call}"
        yield f".{text(field(node, 'object'))}.{name}{call}"
    elif kind == "class_static_block":
        yield "class static block"
    elif kind == "import_attribute":
        yield "import attributes"
    elif kind == "using_declaration":
        yield "using"
    elif kind == "regex_flags":
        yield from (f"regex {flag}" for flag in text(node))
    elif kind == "regex_pattern" and ("(?<=" in text(node) or "(?<!" in text(node)):
        yield "(?<= (?<!"
    elif kind == "binary_expression" and text(field(node, "operator")) == "in":
        if text(field(node, "left")).startswith("#"):
            yield "#private in"
    elif kind == "await_expression" and not any(_is_function(part) for part in parents(node)):
        yield "await of a module"
    elif kind == "new_expression" and text(field(node, "constructor")) == "Worker" and '"module"' in text(node):
        yield "worker module"


def _is_function(node: Node) -> bool:
    return node.type in ("arrow_function", "function_declaration", "function_expression", "method_definition")


@cache
def _asked_for(root: Node) -> frozenset[str]:
    found = set()
    for node in nodes(root):
        if node.type == "unary_expression" and text(field(node, "operator")) == "typeof":
            found.add(text(field(node, "argument")))
        elif node.type == "binary_expression" and text(field(node, "operator")) == "in":
            found.add(text(field(node, "left")).strip("\"'"))
    return frozenset(found)


def javascript_is_accepted(node: Node, name: str) -> bool:
    above = next(parents(node), None)
    if above and any(child.type == "optional_chain" for child in above.children) and name.endswith("()"):
        return True
    *_, root = node, *parents(node)
    return name.removesuffix("()").rpartition(".")[2] in _asked_for(root)


# ------------------------------------------------------------------------------------------------------------------


def browsers_of(name: str) -> Browsers:
    """The oldest that must read this file; `name` is its path under static/."""
    if name.startswith(STAFFS_OWN):
        return STAFF
    return Browsers(*map(min, zip(STUDENTS, STAFF, strict=True)))


def marked_lines(root: Node) -> set[int]:
    """Rows, counted from 0, that a comment lets through."""
    comments = [node for node in nodes(root) if node.type == "comment"]
    marked = [node for node in comments if text(node).lstrip("/* ").startswith("newer: ")]
    return {row for node in marked for row in range(node.start_point[0], node.end_point[0] + 2)}


def newer(name: str, source: bytes) -> Iterator[str]:
    """What this file of static/ asks of browsers that some of its readers do not have yet."""
    is_css = name.endswith(".css")
    root = (CSS if is_css else JAVASCRIPT).parse(source).root_node
    if root.has_error:
        wrong = next(node for node in nodes(root) if node.type == "ERROR" or node.is_missing)
        yield f"{name}:{wrong.start_point[0] + 1}: cannot be parsed"
        return
    known, oldest = FEATURES["css" if is_css else "javascript"], browsers_of(name)
    features, is_accepted = (css_features, css_is_accepted) if is_css else (javascript_features, javascript_is_accepted)
    marked = marked_lines(root)
    for node, feature in features(root):
        first = Browsers(*known.get(feature, (0, 0, 0)))
        late = [
            f"{browser.capitalize()} {first_version:g} (oldest is {oldest_version:g})"
            for browser, first_version, oldest_version in zip(Browsers._fields, first, oldest, strict=True)
            if first_version > oldest_version
        ]
        row = node.start_point[0]
        if late and row not in marked and not is_accepted(node, feature):
            since = ", ".join(late).replace(" 999 ", " never ")
            yield f"{name}:{row + 1}: {feature} is known since {since}"


def found(folder: Path = STATIC) -> Iterator[str]:
    for path in sorted((*folder.rglob("*.css"), *folder.rglob("*.js"))):
        yield from newer(path.relative_to(folder).as_posix(), path.read_bytes())


if __name__ == "__main__":
    lines = list(found())
    print("\n".join(lines) or "Every stylesheet and script suits the oldest browsers")
    sys.exit(bool(lines))
