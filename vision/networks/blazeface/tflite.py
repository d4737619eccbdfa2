"""Reads the one graph of a TensorFlow Lite model: a flatbuffer, of which a network's conversion needs little."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Operators, by their number in the published schema (schema.fbs, version 3). BlazeFace consists of these.
ADD, CONCATENATION, CONV, DEPTHWISE, DEQUANTIZE, MAX_POOL, RELU, RESHAPE, PAD = 0, 2, 3, 4, 6, 17, 19, 22, 34
FLOAT16 = 1


class UnknownModelError(ValueError):
    """The model is not of the kind that can be read here."""


@dataclass(frozen=True)
class Operator:
    code: int
    inputs: list[int]
    outputs: list[int]


class _Table:
    """A table of a flatbuffer: the fields lie where its vtable says.

    https://flatbuffers.dev/internals/
    """

    def __init__(self, data: bytes, place: int) -> None:
        self.data, self.place = data, place

    def number(self, field: int, kind: str) -> int:
        at = self._field(field)
        return 0 if at is None else int(struct.unpack_from(kind, self.data, at)[0])

    def tables(self, field: int) -> list[_Table]:
        start, length = self._vector(field)
        return [_Table(self.data, self._follow(start + 4 * index)) for index in range(length)]

    def integers(self, field: int) -> list[int]:
        start, length = self._vector(field)
        return list(struct.unpack_from(f"<{length}i", self.data, start))

    def content(self, field: int) -> bytes:
        start, length = self._vector(field)
        return self.data[start : start + length]

    def _field(self, field: int) -> int | None:
        (back,) = struct.unpack_from("<i", self.data, self.place)
        vtable = self.place - back
        (size,) = struct.unpack_from("<H", self.data, vtable)
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, vtable + slot)[0] if slot < size else 0
        return self.place + offset if offset else None

    def _vector(self, field: int) -> tuple[int, int]:
        at = self._field(field)
        if at is None:
            return 0, 0
        start = self._follow(at)
        return start + 4, struct.unpack_from("<I", self.data, start)[0]

    def _follow(self, at: int) -> int:
        return at + int(struct.unpack_from("<I", self.data, at)[0])


class Model:
    """The graph of a model. Numbers of fields: the published schema."""

    def __init__(self, data: bytes) -> None:
        if data[4:8] != b"TFL3":
            raise UnknownModelError("not a TensorFlow Lite model")
        self.root = _Table(data, struct.unpack_from("<I", data)[0])
        (self.graph,) = self.root.tables(2)
        self.tensors, self.buffers = self.graph.tables(0), self.root.tables(4)

    @cached_property
    def operators(self) -> list[Operator]:
        codes = [max(code.number(0, "<b"), code.number(3, "<i")) for code in self.root.tables(1)]
        return [
            Operator(codes[table.number(0, "<I")], table.integers(1), table.integers(2))
            for table in self.graph.tables(3)
        ]

    @cached_property
    def _stored(self) -> dict[int, int]:
        """From the float32 copy of a weight to the tensor that is stored as float16."""
        return {op.outputs[0]: op.inputs[0] for op in self.operators if op.code == DEQUANTIZE}

    def shape(self, tensor: int) -> list[int]:
        return self.tensors[tensor].integers(0)

    def weights(self, tensor: int) -> np.ndarray:
        """The values of a weight, float16."""
        table = self.tensors[self._stored[tensor]]
        if table.number(1, "<b") != FLOAT16:
            raise UnknownModelError("the weights are not float16")
        return np.frombuffer(self.buffers[table.number(2, "<I")].content(0), "<f2").reshape(table.integers(0))
