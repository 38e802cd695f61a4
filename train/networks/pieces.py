"""The pieces of an encoder: for each input the units that tell its values apart, and the features that they make.

A unit is relu6(slope * x + offset) of the centred and scaled input x. It runs from 0 to FULL, and both ends are exact
in every runtime, so that what a category or a missing value adds is exact too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from registry import Input, Missing
from train.dataset import Floats

FULL = 6.0  # the largest output of relu6, the one clipped activation that Keras, LiteRT and TensorFlow.js share

_PAST_FULL = 8.0  # a power of two beyond FULL: a step this steep is over within a unit, and loses no digit
# A bin is at least this part of its distance from the centre. float32 has 24 binary digits; so a bin keeps 16 of them.
_NARROWEST = 2.0**-8
_LARGEST_RATIO = 2.0**60  # of a value to the standard deviation: beyond, float32 would lose the small values
_LARGEST_SCALE = 2.0**126


@dataclass(frozen=True, slots=True)
class Piece:
    """What one input becomes: u units of (x - center) / scale, and f features of these.

    Attributes:
        slopes, offsets: (u,) of the units.
        kernel, bias: (u, f) and (f,): the features are units / FULL @ kernel + bias.
        closes: the unit that is FULL if the number is missing, and closes the piece's other units; None if there is
            none.
    """

    center: float
    scale: float
    slopes: Floats
    offsets: Floats
    kernel: Floats
    bias: Floats
    closes: int | None = None


def category_piece(item: Input, values: Floats) -> Piece:
    """Return the one-hot columns of the codes that are among the values (n,).

    A missing value has its own column if the input has an indicator, else it is the fill. A code that no value has
    becomes the mean of the features, so the model predicts for it as for the average.
    """
    missing = item.missing
    codes = sorted({*item.categories, missing.value}) if missing else list(item.categories)
    counts = {code: int(np.sum(values == code)) for code in codes}
    own = [code for code in codes if counts[code]]
    if missing and missing.value in own and not missing.indicator:
        own.remove(missing.value)
    if len(own) < 2:
        own = []  # the same in every row
    columns = dict(zip(own, np.eye(len(own)), strict=True))
    if missing and missing.fill in own:
        columns.setdefault(missing.value, columns[missing.fill])
    total = sum(counts[code] for code in columns)
    mean = sum((counts[code] / total * column for code, column in columns.items()), np.zeros(len(own)))
    table = np.array([columns.get(code, mean) for code in codes])
    # A unit for each code but the first says whether the value has reached it; the codes are integers.
    slopes = np.full(len(codes) - 1, _PAST_FULL)
    offsets = -_PAST_FULL * (np.array(codes[1:]) - 1.0)
    return Piece(0.0, 1.0, slopes, offsets, np.diff(table, axis=0), table[0])


def number_piece(item: Input, values: Floats, quantiles: int) -> Piece:
    """Return the standardised number, an indicator where it may be missing, and its bins if ``quantiles`` is not 0.

    The mean and the standard deviation are those of the values (n,) that are not missing.
    """
    missing = item.missing
    absent = values == np.float32(missing.value) if missing else np.zeros(len(values), dtype=np.bool_)
    present = values[~absent] if not absent.all() else np.array([missing.fill if missing else 0.0])
    center = float(np.float32(np.mean(present)))
    deviation = float(np.std(present)) or 1.0
    reach = float(np.max(np.abs(np.concatenate([present, item.limits]) - center)))
    scale = _power_of_two(min(reach, _LARGEST_RATIO * deviation))
    edges = _edges(present, center, quantiles)
    lows, widths = edges[:-1], np.diff(edges)

    # In units of x = (value - center) / scale: above the centre, below it, then the bins.
    slopes = np.concatenate([[FULL, -FULL], FULL * scale / widths])
    offsets = np.concatenate([[0.0, 0.0], -FULL * (lows - center) / widths])
    kernel = np.zeros((len(slopes), 1 + len(widths)))
    kernel[:2, 0] = scale / deviation, -scale / deviation
    kernel[2:, 1:] = np.eye(len(widths))
    if missing is None:
        return Piece(center, scale, slopes, offsets, kernel, np.zeros(kernel.shape[1]))

    fill = np.concatenate([[(missing.fill - center) / deviation], np.clip((missing.fill - lows) / widths, 0, 1)])
    slope, offset = _closing_unit(item, missing, center, scale)
    kernel = np.vstack([kernel, fill])
    if missing.indicator and 0 < absent.sum() < len(values):
        kernel = np.column_stack([kernel, np.append(np.zeros(len(slopes)), 1.0)])
    closes = len(slopes)
    return Piece(
        center, scale, np.append(slopes, slope), np.append(offsets, offset), kernel, np.zeros(kernel.shape[1]), closes
    )


def _closing_unit(item: Input, missing: Missing, center: float, scale: float) -> tuple[float, float]:
    """Return the slope and offset of a unit that is 0 for every accepted value, and FULL for the missing one."""
    nearest = item.limits[0] if missing.value < item.limits[0] else item.limits[1]
    accepted, absent = (nearest - center) / scale, (missing.value - center) / scale
    slope = 2 * _PAST_FULL / (absent - accepted)
    return slope, -slope * (accepted + absent) / 2


def _edges(present: Floats, center: float, quantiles: int) -> Floats:
    """Return the edges of the bins; one edge, so no bin, if fewer than two bins would be wide enough."""
    if not quantiles:
        return np.zeros(1)
    wanted = np.unique(np.quantile(present, np.linspace(0, 1, quantiles + 1)))
    edges = [wanted[0]]
    for edge in wanted[1:]:
        if edge - edges[-1] >= _NARROWEST * max(abs(edge - center), abs(edges[-1] - center)):
            edges.append(edge)
    return np.array(edges) if len(edges) > 2 else np.zeros(1)


def _power_of_two(value: float) -> float:
    """Return the smallest power of two that is no less than the value: float32 scales by it without rounding."""
    return min(2.0 ** math.ceil(math.log2(value)), _LARGEST_SCALE) if value > 0 else 1.0
