"""BlazeFace short-range of the mediapipe package, as the file that the camera page reads.

The package holds the network as a TensorFlow Lite model. The page needs its weights and how many channels each block has,
nothing else; this module takes them out and refuses a model of another make.

The file: the length of a JSON header (uint32, little-endian), the header, then all weights as float16 in the order in which the
network uses them. The header: `side` px of the square input, `stem` channels, `blocks` [stride, channels in, channels out],
`heads` [block that is read, channels of the scores, of the boxes, anchors a cell]. Channels are padded with zeros to multiples
of four, as vector units want them; the last dimension is the output channel, also of the convolutions.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

MODEL = "modules/face_detection/face_detection_short_range.tflite"
LANES = 4
# Operators of the TensorFlow Lite schema that the network consists of.
ADD, CONCATENATION, CONV, DEPTHWISE, DEQUANTIZE, MAX_POOL, RELU, RESHAPE, PAD = 0, 2, 3, 4, 6, 17, 19, 22, 34
FLOAT16 = 1
BLOCK = [DEPTHWISE, CONV]


class UnknownModelError(ValueError):
    """The package's model is not the BlazeFace that this module reads."""


def page_file() -> bytes:
    """The network as the page reads it."""
    return convert(model_path().read_bytes())


def model_path() -> Path:
    """The model inside the installed package, which is not imported for it."""
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise UnknownModelError("mediapipe is not installed")
    return Path(spec.origin).parent / MODEL


def convert(model: bytes) -> bytes:
    """A TensorFlow Lite model of BlazeFace short-range as the page's file."""
    network = _Model(model)
    layers = [layer for layer in network.operators if layer.code in {CONV, DEPTHWISE}]
    stem, body, heads = layers[0], layers[1:-4], layers[-4:]
    if [layer.code for layer in body] != BLOCK * (len(body) // 2) or any(layer.code != CONV for layer in heads):
        raise UnknownModelError("not the layers of BlazeFace")
    known = {ADD, CONCATENATION, CONV, DEPTHWISE, DEQUANTIZE, MAX_POOL, RELU, RESHAPE, PAD}
    if {layer.code for layer in network.operators} != known:
        raise UnknownModelError("not the operators of BlazeFace")
    side = network.shape(stem.inputs[0])[1]
    parts = [network.kernel(stem), network.bias(stem)]
    blocks, reads = [], {}
    for index in range(0, len(body), 2):
        depthwise, pointwise = body[index : index + 2]
        before, after = (network.shape(tensor) for tensor in (depthwise.inputs[0], pointwise.outputs[0]))
        blocks.append([before[1] // after[1], _padded(before[3]), _padded(after[3])])
        reads[after[1]] = len(blocks) - 1
        parts += [part(layer) for layer in (depthwise, pointwise) for part in (network.kernel, network.bias)]
    scores, boxes = heads[:2], heads[2:]
    read_by_heads = []
    for score, box in zip(scores, boxes, strict=True):
        cells, anchors = network.shape(score.outputs[0])[1], network.shape(score.outputs[0])[3]
        parts += [part(layer) for layer in (score, box) for part in (network.kernel, network.bias)]
        read_by_heads.append([reads[cells], _padded(anchors), network.shape(box.outputs[0])[3], anchors])
    header = {
        "side": side,
        "stem": _padded(network.shape(stem.outputs[0])[3]),
        "blocks": blocks,
        "heads": read_by_heads,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % LANES)
    return struct.pack("<I", len(text)) + text + b"".join(part.astype("<f2").tobytes() for part in parts)


def _padded(channels: int) -> int:
    return channels + -channels % LANES


@dataclass(frozen=True)
class _Operator:
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


class _Model:
    """The one graph of a TensorFlow Lite model. Numbers of fields: its published schema (schema.fbs, version 3)."""

    def __init__(self, data: bytes) -> None:
        if data[4:8] != b"TFL3":
            raise UnknownModelError("not a TensorFlow Lite model")
        self.root = _Table(data, struct.unpack_from("<I", data)[0])
        (self.graph,) = self.root.tables(2)
        self.tensors, self.buffers = self.graph.tables(0), self.root.tables(4)

    @cached_property
    def operators(self) -> list[_Operator]:
        codes = [max(code.number(0, "<b"), code.number(3, "<i")) for code in self.root.tables(1)]
        return [
            _Operator(codes[table.number(0, "<I")], table.integers(1), table.integers(2))
            for table in self.graph.tables(3)
        ]

    @cached_property
    def _stored(self) -> dict[int, int]:
        """From the float32 copy of a weight to the tensor that is stored as float16."""
        return {op.outputs[0]: op.inputs[0] for op in self.operators if op.code == DEQUANTIZE}

    def shape(self, tensor: int) -> list[int]:
        return self.tensors[tensor].integers(0)

    def kernel(self, operator: _Operator) -> np.ndarray:
        """Flat weights with the output channels last, all channels padded."""
        weights = self._weights(operator.inputs[1])
        if operator.code == CONV:
            weights = weights.transpose(1, 2, 3, 0)  # from (out, height, width, in)
        height, _, channels, out = weights.shape
        inputs = channels if height > 1 or operator.code == DEPTHWISE else _padded(channels)
        wide = np.zeros((*weights.shape[:2], inputs, _padded(out)), np.float16)
        wide[:, :, :channels, :out] = weights
        return wide.ravel()

    def bias(self, operator: _Operator) -> np.ndarray:
        weights = self._weights(operator.inputs[2])
        return np.pad(weights, (0, -len(weights) % LANES))

    def _weights(self, tensor: int) -> np.ndarray:
        table = self.tensors[self._stored[tensor]]
        if table.number(1, "<b") != FLOAT16:
            raise UnknownModelError("the weights are not float16")
        return np.frombuffer(self.buffers[table.number(2, "<I")].content(0), "<f2").reshape(table.integers(0))
