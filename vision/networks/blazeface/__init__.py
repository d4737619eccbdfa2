"""BlazeFace short-range of the mediapipe package, as the file that the camera page reads.

The package holds the network as a TensorFlow Lite model. The page needs its weights and how many channels each block has; this
module takes them out and refuses a model of another make.

The file: the length of a JSON header (uint32, little-endian), the header, the kernels as a WebAssembly module of `code` bytes and
zeros up to a multiple of four, then all weights as float16 in the order in which the network uses them. In the header: `side` px of the square input, `stem`
channels, `blocks` [stride, channels in, channels out], `heads` [block that is read, channels of the scores, of the boxes,
anchors a cell]. Channels are padded with zeros to multiples of four, as the kernels want them.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from pathlib import Path

import numpy as np

from vision.networks.blazeface import wat
from vision.networks.blazeface.tflite import (
    ADD,
    CONCATENATION,
    CONV,
    DEPTHWISE,
    DEQUANTIZE,
    MAX_POOL,
    PAD,
    RELU,
    RESHAPE,
    Model,
    Operator,
    UnknownModelError,
)

MODEL = "modules/face_detection/face_detection_short_range.tflite"
KERNELS = Path(__file__).with_name("kernels.wat")
LANES = 4
STEM = 24  # channels of the first layer, which its kernel knows
OPERATORS = {ADD, CONCATENATION, CONV, DEPTHWISE, DEQUANTIZE, MAX_POOL, PAD, RELU, RESHAPE}


def page_file() -> bytes:
    """The network as the page reads it."""
    return convert(model_path().read_bytes())


def model_path() -> Path:
    """The model inside the installed package, which is not imported for it."""
    spec = importlib.util.find_spec("mediapipe")
    if spec is None or spec.origin is None:
        raise UnknownModelError("mediapipe is not installed")
    return Path(spec.origin).parent / MODEL


def convert(content: bytes) -> bytes:
    """A TensorFlow Lite model of BlazeFace short-range as the page's file."""
    model = Model(content)
    layers = [layer for layer in model.operators if layer.code in {CONV, DEPTHWISE}]
    stem, body, heads = layers[0], layers[1:-4], layers[-4:]
    expected = [CONV, *[DEPTHWISE, CONV] * (len(body) // 2), *[CONV] * 4]
    if (
        [layer.code for layer in layers] != expected
        or model.shape(stem.outputs[0])[3] != STEM
        or {layer.code for layer in model.operators} != OPERATORS
    ):
        raise UnknownModelError("not the layers of BlazeFace")
    blocks, outputs = [], {}
    for depthwise, pointwise in zip(body[::2], body[1::2], strict=True):
        (_, before, _, inputs), (_, after, _, channels) = (
            model.shape(tensor) for tensor in (depthwise.inputs[0], pointwise.outputs[0])
        )
        blocks.append([before // after, _padded(inputs), _padded(channels)])
        outputs[after] = len(blocks) - 1
    order, read_by_heads = [stem, *body], []
    for scores, boxes in zip(heads[:2], heads[2:], strict=True):
        (_, cells, _, anchors), (_, _, _, numbers) = (model.shape(head.outputs[0]) for head in (scores, boxes))
        read_by_heads.append([outputs[cells], _padded(anchors), _padded(numbers), anchors])
        order += [scores, boxes]
    code = wat.assemble(KERNELS.read_text(encoding="utf-8"))
    header = {
        "side": model.shape(stem.inputs[0])[1],
        "stem": _padded(model.shape(stem.outputs[0])[3]),
        "blocks": blocks,
        "heads": read_by_heads,
        "code": len(code),
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % LANES)
    weights = [part for layer in order for part in (_kernel(model, layer), _bias(model, layer))]
    code += bytes(-len(code) % LANES)
    return struct.pack("<I", len(text)) + text + code + np.concatenate(weights).astype("<f2").tobytes()


def _padded(channels: int) -> int:
    return channels + -channels % LANES


def _kernel(model: Model, layer: Operator) -> np.ndarray:
    """The weights in the order in which a kernel reads them: [row][column][in][out] in the first layer, [row][column][channel]
    where each channel stays alone, [out / 4][in][4] where channels are mixed.
    """
    weights = model.weights(layer.inputs[1])
    if layer.code == DEPTHWISE:
        return _widened(weights, weights.shape[:3] + (_padded(weights.shape[3]),)).ravel()
    out, height, _, inputs = weights.shape
    if height > 1:
        return weights.transpose(1, 2, 3, 0).ravel()
    wide = _widened(weights[:, 0, 0], (_padded(out), _padded(inputs)))
    return wide.reshape(-1, LANES, wide.shape[1]).transpose(0, 2, 1).ravel()


def _bias(model: Model, layer: Operator) -> np.ndarray:
    weights = model.weights(layer.inputs[2])
    return _widened(weights, (_padded(len(weights)),))


def _widened(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.pad(weights, [(0, to - size) for size, to in zip(weights.shape, shape, strict=True)])
