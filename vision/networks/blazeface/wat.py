"""Assembles WebAssembly text into a module: the part of the language that the kernels use, and shorthands for it.

`$x` alone is `(local.get $x)`, a number alone `(i32.const n)`; `(= $x a)` sets, `(+= $x a)` adds integers and `(++ $x a)`
vectors; `(times $n step ...)` repeats until $n, counted down by step, is 0; `(each # 4 ...)` writes its content out four times,
with 0 to 3 in place of #. Numbers in words may be products: `offset=16*#`.

The memory is imported as "env" "memory". Encoding: https://webassembly.github.io/spec/core/binary/
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from typing import Any

TYPES = {"i32": 0x7F, "f32": 0x7D, "v128": 0x7B}
INTEGER = {"i32.add": 0x6A, "i32.sub": 0x6B, "i32.mul": 0x6C}
VECTOR = {"f32x4.splat": 0x13, "f32x4.add": 0xE4, "f32x4.mul": 0xE6, "f32x4.pmax": 0xEB}
MEMORY = {"v128.load": 0x00, "v128.load32_splat": 0x09, "v128.store": 0x0B}
SETS = {"=": "", "+=": "i32.add", "++": "f32x4.add"}
LOCAL_GET, LOCAL_SET, LOCAL_TEE, CONST, BRANCH_IF = 0x20, 0x21, 0x22, 0x41, 0x0D
VECTOR_PREFIX, LOOP, IF, END, NO_RESULT, FUNCTION = 0xFD, 0x03, 0x04, 0x0B, 0x40, 0x60
ALIGNED_TO_4 = 2
TOKEN = re.compile(r"\(|\)|;;[^\n]*|[^\s()]+")
Node = Any
"""A word of the text, or a list of nodes."""


def assemble(text: str) -> bytes:
    """The module of the functions in `text`, all of them exported."""
    words = (word for word in TOKEN.findall(text) if not word.startswith(";;"))
    functions = [_Function(node) for node in _nodes(words)]
    signatures = [bytes([FUNCTION]) + _vector([bytes([TYPES[t]]) for t in f.parameters]) + b"\0" for f in functions]
    indexes = [_unsigned(index) for index in range(len(functions))]
    memory = _name("env") + _name("memory") + b"\x02\x00\x01"
    exports = [_name(f.name) + b"\x00" + index for f, index in zip(functions, indexes, strict=True)]
    sections = [(1, signatures), (2, [memory]), (3, indexes), (7, exports), (10, [f.code() for f in functions])]
    return b"\0asm" + struct.pack("<I", 1) + b"".join(bytes([n]) + _sized(_vector(items)) for n, items in sections)


def _nodes(words: Iterator[str]) -> Iterator[Node]:
    """The nodes up to the closing bracket."""
    for word in words:
        if word == ")":
            return
        yield list(_nodes(words)) if word == "(" else word


class _Function:
    def __init__(self, node: Node) -> None:
        _, self.name, *rest = node
        self.places: dict[str, int] = {}
        self.parameters = self._declare(rest, "param")
        self.locals = self._declare(rest, "local")
        self.body = [part for part in rest if part[0] not in {"param", "local"}]

    def _declare(self, rest: list[Node], word: str) -> list[str]:
        """The types of all names in `(param i32 $a $b)`."""
        kinds = []
        for _, kind, *names in (part for part in rest if part[0] == word):
            for name in names:
                self.places[name] = len(self.places)
                kinds.append(kind)
        return kinds

    def code(self) -> bytes:
        kinds = [b"\x01" + bytes([TYPES[kind]]) for kind in self.locals]
        return _sized(_vector(kinds) + self._all(self.body) + bytes([END]))

    def _all(self, nodes: list[Node]) -> bytes:
        return b"".join(map(self._one, nodes))

    def _one(self, node: Node) -> bytes:
        if isinstance(node, str):
            return self._local(LOCAL_GET, node) if node.startswith("$") else bytes([CONST]) + _signed(_product(node))
        word, *rest = node
        if word == "each":
            sign, count, *body = rest
            return b"".join(self._all(_replaced(body, sign, str(number))) for number in range(int(count)))
        if word == "times":
            name, step, *body = rest
            left = self._all([name, step]) + bytes([INTEGER["i32.sub"]]) + self._local(LOCAL_TEE, name)
            return bytes([LOOP, NO_RESULT]) + self._all(body) + left + bytes([BRANCH_IF, 0, END])
        if word == "if":
            return self._one(rest[0]) + bytes([IF, NO_RESULT]) + self._all(rest[1:]) + bytes([END])
        if word in SETS:
            name, value = rest
            return self._one([SETS[word], name, value] if SETS[word] else value) + self._local(LOCAL_SET, name)
        if word in MEMORY:
            offset = _product(rest.pop(0).removeprefix("offset=")) if str(rest[0]).startswith("offset=") else 0
            code = bytes([VECTOR_PREFIX]) + _unsigned(MEMORY[word]) + bytes([ALIGNED_TO_4]) + _unsigned(offset)
            return self._all(rest) + code
        if word in VECTOR:
            return self._all(rest) + bytes([VECTOR_PREFIX]) + _unsigned(VECTOR[word])
        return self._all(rest) + bytes([INTEGER[word]])

    def _local(self, code: int, name: str) -> bytes:
        return bytes([code]) + _unsigned(self.places[name])


def _replaced(node: Node, sign: str, text: str) -> Node:
    if isinstance(node, list):
        return [_replaced(part, sign, text) for part in node]
    return node.replace(sign, text)


def _product(text: str) -> int:
    return math.prod(map(int, text.split("*")))


def _unsigned(number: int) -> bytes:
    """LEB128."""
    found = []
    while True:
        number, low = number >> 7, number & 0x7F
        found.append(low | (0x80 if number else 0))
        if not number:
            return bytes(found)


def _signed(number: int) -> bytes:
    """LEB128 in two's complement."""
    found = []
    while True:
        low, number = number & 0x7F, number >> 7
        done = number == (-1 if low & 0x40 else 0)
        found.append(low | (0 if done else 0x80))
        if done:
            return bytes(found)


def _sized(content: bytes) -> bytes:
    return _unsigned(len(content)) + content


def _vector(items: list[bytes]) -> bytes:
    return _unsigned(len(items)) + b"".join(items)


def _name(text: str) -> bytes:
    return _sized(text.encode())
