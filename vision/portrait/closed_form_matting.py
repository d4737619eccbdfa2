"""Closed-form matting (Levin, Lischinski and Weiss 2008), solved only in the unknown band.

The matting Laplacian couples each pixel with the 24 around it. Only windows that touch an unknown
pixel are computed, and only unknown pixels are unknowns of the equations. The solution at half the
size is the start value. Together this costs a fraction of solving the whole picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

WINDOW = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
STENCIL = [(y, x) for y in range(-2, 3) for x in range(-2, 3)]
EPSILON = 1e-5
MARGIN = 3  # px laid round the picture, so that no window leaves it
ITERATIONS = 30
ITERATIONS_COARSEST = 60
TOLERANCE = 1e-3
COARSEST = 160  # px of height


def closed_form_alpha(rgb: np.ndarray, known: np.ndarray, guess: np.ndarray, trust: np.ndarray) -> np.ndarray:
    """Alpha, float32 (h, w), that minimises the matting energy plus trust * (alpha - guess)^2.

    `rgb`: float32 (h, w, 3) in 0-1. `known`: 1 person, 0 wall, 0.5 unknown. `guess`: alpha expected
    at the unknown pixels. `trust`: weight of the guess, 0 and more.
    """
    if rgb.shape[0] <= COARSEST:
        return solve(rgb, known, guess, trust, guess, ITERATIONS_COARSEST)
    return solve(rgb, known, guess, trust, _from_half_size(rgb, known, guess, trust), ITERATIONS)


def _from_half_size(rgb: np.ndarray, *planes: np.ndarray) -> np.ndarray:
    half = (rgb.shape[1] // 2, rgb.shape[0] // 2)
    rgb_half, known, guess, trust = (cv2.resize(part, half, interpolation=cv2.INTER_AREA) for part in (rgb, *planes))
    known[(known > 0) & (known < 1)] = 0.5
    alpha = closed_form_alpha(rgb_half, known, guess, trust)
    return cv2.resize(alpha, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_LINEAR)


def solve(
    rgb: np.ndarray, known: np.ndarray, guess: np.ndarray, trust: np.ndarray, start: np.ndarray, iterations: int
) -> np.ndarray:
    """Alpha of the unknown pixels at one size."""
    rgb, known, guess, trust, start = (
        cv2.copyMakeBorder(part, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REPLICATE)
        for part in (rgb, known, guess, trust, start)
    )
    unknown = np.zeros(known.shape, bool)
    inner = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    unknown[inner] = known[inner] == 0.5
    rows = np.flatnonzero(unknown)
    alpha = np.where(known == 0.5, start, known)
    if len(rows):
        matrix = laplacian(rgb, rows, unknown)
        pull = trust.ravel()[rows]
        target = pull * guess.ravel()[rows]
        alpha.ravel()[rows] = conjugate_gradient(matrix, pull, target, alpha.ravel(), rows, iterations)
    return np.clip(alpha[inner], 0, 1)


def laplacian(rgb: np.ndarray, rows: np.ndarray, unknown: np.ndarray) -> csr_matrix:
    """The rows of the matting Laplacian that belong to unknown pixels, (number of unknown, h * w)."""
    from scipy.sparse import csr_matrix  # 28 MB that the web and the other workers need not carry

    width = unknown.shape[1]
    centres = np.flatnonzero(cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8)))
    order = np.zeros(unknown.size, np.int32)
    order[centres] = np.arange(len(centres), dtype=np.int32)
    # For each place in the window: which window has this unknown pixel there.
    owners = [order[rows - y * width - x] for y, x in WINDOW]
    weights = np.zeros((len(STENCIL), len(rows)), np.float32)
    for i, j, value in _pair_weights(rgb, centres, width):
        weights[_stencil(i, j)] += value[owners[i]]
        if i != j:
            weights[_stencil(j, i)] += value[owners[j]]
    columns = rows[:, None].astype(np.int32) + np.array([y * width + x for y, x in STENCIL], np.int32)
    pointers = np.arange(len(rows) + 1, dtype=np.int32) * len(STENCIL)
    return csr_matrix((weights.T.ravel(), columns.ravel(), pointers), shape=(len(rows), unknown.size))


def _stencil(i: int, j: int) -> int:
    """The index in STENCIL, centred on place i of a window, of place j of that window."""
    return STENCIL.index((WINDOW[j][0] - WINDOW[i][0], WINDOW[j][1] - WINDOW[i][1]))


def _pair_weights(rgb: np.ndarray, centres: np.ndarray, width: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """For each pair of places i <= j: delta_ij - (1 + (I_i - mean) C^-1 (I_j - mean)) / 9 for every
    window.
    """
    colours = np.ascontiguousarray(rgb.reshape(-1, 3).T)
    pixels = np.stack([colours[:, centres + y * width + x] for y, x in WINDOW])
    spread = pixels - pixels.mean(0)
    inverse = _inverse_covariance(spread)
    for i in range(9):
        a, b, c = spread[i]
        toward = [(inverse[r, 0] * a + inverse[r, 1] * b + inverse[r, 2] * c) / -9 for r in range(3)]
        for j in range(i, 9):
            value = toward[0] * spread[j, 0] + toward[1] * spread[j, 1] + toward[2] * spread[j, 2]
            yield i, j, value + (8 / 9 if i == j else -1 / 9)


def _inverse_covariance(spread: np.ndarray) -> np.ndarray:
    """The regularised inverse of the colour covariance of each window, (3, 3, m) from (9, 3, m)."""
    channels = spread.transpose(1, 0, 2).astype(np.float64)  # single precision loses flat, dark windows
    (rr, rg, rb), (_, gg, gb), (_, _, bb) = ([(p * q).sum(0) / 9 for q in channels] for p in channels)
    rr, gg, bb = rr + EPSILON / 9, gg + EPSILON / 9, bb + EPSILON / 9
    i_rr, i_rg, i_rb = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    i_gg, i_gb, i_bb = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = rr * i_rr + rg * i_rg + rb * i_rb
    rows = [[i_rr, i_rg, i_rb], [i_rg, i_gg, i_gb], [i_rb, i_gb, i_bb]]
    return (np.array(rows) / determinant).astype(np.float32)


def conjugate_gradient(
    matrix: csr_matrix, pull: np.ndarray, target: np.ndarray, alpha: np.ndarray, rows: np.ndarray, iterations: int
) -> np.ndarray:
    """Solve matrix @ alpha + pull * alpha[rows] = target for the entries `rows` of `alpha`. The
    other entries are fixed.

    The diagonal is the preconditioner. Stops early when the residual has become a thousand times
    smaller.
    """
    diagonal = matrix.data.reshape(len(rows), -1)[:, len(STENCIL) // 2] + pull
    scale = 1 / np.maximum(diagonal, 1e-6)
    x = alpha[rows].astype(np.float32)
    residual = target - pull * x - matrix @ alpha.astype(np.float32)
    direction = scale * residual
    everywhere = np.zeros(alpha.shape, np.float32)
    energy = first = float(residual @ direction)
    for _ in range(iterations):
        if energy <= TOLERANCE**2 * first:
            break
        everywhere[rows] = direction
        image = matrix @ everywhere + pull * direction
        length = energy / float(direction @ image)
        x += length * direction
        residual -= length * image
        step = scale * residual
        energy, before = float(residual @ step), energy
        direction = step + (energy / before) * direction
    return x
