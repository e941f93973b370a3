"""Builds ICC profiles for colours that a file describes by numbers.

Code points: ITU-T H.273. Profile: ICC.1:2022, matrix and curves, which are plain arithmetic.
"""

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import exp

Point = tuple[float, float]
"""CIE 1931 x and y."""
Matrix = list[list[float]]

D65: Point = (0.3127, 0.3290)
SRGB = (D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
"""White, red, green and blue."""
PRIMARIES: dict[int, Sequence[Point]] = {
    1: SRGB,
    2: SRGB,  # not said
    5: (D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: (D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: (D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: (D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: ((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: (D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
LIKE_SRGB = (1, 2, 6, 13, 14, 15)
"""Curves that viewers show as sRGB's: television's differ from it by the room's light."""
GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
PQ, HLG = 16, 18

WHITE, PEAK = 203.0, 1000.0
"""Candela per square metre of white paper, and of the brightest light that is distinguished."""
STEPS = 1024  # of a curve that is a table
D50 = (0.9642, 1.0, 0.8249)
BRADFORD = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
NEAR = 0.002
"""The tolerance for coordinates that are meant to be sRGB's; for gammas it is ten times that."""


@lru_cache(maxsize=32)
def of_codes(primaries: int, transfer: int) -> bytes:
    """Return the profile for these code points; empty for sRGB's and for unknown ones."""
    points = PRIMARIES.get(primaries)
    if points is None:
        return b""
    if transfer in LIKE_SRGB:
        return b"" if points is SRGB else _profile(points, SRGB_CURVE)
    if transfer in GAMMAS:
        return _profile(points, _power(GAMMAS[transfer]))
    if transfer in (PQ, HLG):
        return _profile(points, _table(_of_pq if transfer == PQ else _of_hlg))
    return b""


@lru_cache(maxsize=32)
def of_gamma(gamma: float, points: tuple[Point, ...] = SRGB) -> bytes:
    """Return the profile for a power curve; empty for sRGB's, and if the primaries span no
    colours."""
    pairs = zip(sum(points, ()), sum(SRGB, ()), strict=True)
    apart = max(abs(one - two) for one, two in pairs)
    if abs(gamma - 2.2) <= 10 * NEAR and apart <= NEAR:
        return b""
    try:
        return _profile(points, _power(gamma))
    except (ZeroDivisionError, OverflowError, struct.error):
        return b""


def _profile(points: Sequence[Point], curve: bytes) -> bytes:
    tags = [(b"wtpt", _xyz(D50)), (b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve)]
    columns = zip(*_to_d50(points), strict=True)
    tags += zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, columns), strict=True)
    places, body = [struct.pack(">I", len(tags))], b""
    start = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        places.append(struct.pack(">4sII", name, start + len(body), len(data)))
        body += data + b"\0" * (-len(data) % 4)
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x3i", start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp",
        *map(_fixed, D50),
    )  # fmt: skip
    return head.ljust(128, b"\0") + b"".join(places) + body


def _to_d50(points: Sequence[Point]) -> Matrix:
    """Return the matrix from red, green and blue to XYZ, adapted to D50."""
    white, *colors = [[x / y, 1.0, (1 - x - y) / y] for x, y in points]
    columns = _transposed(colors)
    light = _times(_inverse(columns), _column(white))
    scaled = [[value * light[at][0] for at, value in enumerate(row)] for row in columns]
    cone = [list(row) for row in BRADFORD]
    seen, wanted = (_times(cone, _column(each)) for each in (white, list(D50)))
    adapted = [
        [value * wanted[at][0] / seen[at][0] for value in row] for at, row in enumerate(cone)
    ]
    return _times(_times(_inverse(cone), adapted), scaled)


def _column(values: list[float]) -> Matrix:
    return [[value] for value in values]


def _transposed(rows: Matrix) -> Matrix:
    return [list(column) for column in zip(*rows, strict=True)]


def _times(one: Matrix, two: Matrix) -> Matrix:
    columns = _transposed(two)
    return [
        [sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in one
    ]


def _inverse(rows: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = rows
    minors = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ]
    whole = a * minors[0][0] + b * minors[1][0] + c * minors[2][0]
    return [[value / whole for value in row] for row in minors]


def _fixed(value: float) -> int:
    return round(value * 65536)


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, values))


def _power(gamma: float) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, _fixed(gamma))


SRGB_CURVE = b"para\0\0\0\0" + struct.pack(
    ">HH5i", 3, 0, *map(_fixed, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)


def _table(light: Callable[[float], float]) -> bytes:
    """Return a curve of light in candela for a display that shows nothing brighter than white."""
    brightest = PEAK / WHITE
    shown = []
    for step in range(STEPS):
        value = min(light(step / (STEPS - 1)), PEAK) / WHITE
        shown.append(value * (1 + value / brightest**2) / (1 + value))
    return b"curv\0\0\0\0" + struct.pack(
        f">I{STEPS}H", STEPS, *(round(min(1.0, value) * 65535) for value in shown)
    )


def _of_pq(value: float) -> float:
    root = value ** (32 / 2523)
    bent = max(0.0, root - 3424 / 4096) / (2413 / 128 - 2392 / 128 * root)
    return float(10_000 * bent ** (16384 / 2610))


def _of_hlg(value: float) -> float:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = value**2 / 3 if value <= 0.5 else (exp((value - c) / a) + b) / 12
    return float(PEAK * scene**1.2)
