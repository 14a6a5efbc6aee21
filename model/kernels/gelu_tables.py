#!/usr/bin/env python3
"""Prints gelu_tables.h: the polynomials from which the vector kernels compute GELU. Needs numpy.

GELU(x) = max(x, 0) - g(|x|) with g(a) = a * erfc(a / sqrt(2)) / 2. With y = scale * x, the kernels compute
scale * GELU(x) from y: |y| is rounded to the nearest whole number k < intervals, and scale * g is a polynomial
of u = |y| - k in [-1/2, 1/2], one for each k. Beyond the last interval g is taken for what it is at its end.
The polynomials are near minimax: least squares, reweighted by the error until that is level (Lawson).
"""
import math

import numpy as np

GUARD = "MODEL_KERNELS_GELU_TABLES_H_"


def fit(degree, intervals, limit):
    scale = (intervals - 0.5) / limit
    nodes = np.cos(np.pi * (np.arange(400) + 0.5) / 400)
    rows, worst = [], 0.0
    for k in range(intervals):
        low, high = (0.0, 0.5) if k == 0 else (-0.5, 0.5)
        u = (nodes + 1) / 2 * (high - low) + low
        a = (k + u) / scale
        g = np.array([scale * v * math.erfc(v / math.sqrt(2)) / 2 for v in a])
        powers = np.vander(u, degree + 1, increasing=True)
        weight = np.ones_like(u)
        for _ in range(60):
            root = np.sqrt(weight)
            coefficients = np.linalg.lstsq(powers * root[:, None], g * root, rcond=None)[0]
            error = np.abs(powers @ coefficients - g)
            weight = weight * error
            weight /= weight.sum()
        worst = max(worst, error.max() / scale)
        rows.append(coefficients)
    beyond = limit * math.erfc(limit / math.sqrt(2)) / 2
    return scale, np.array(rows).T, max(worst, beyond)


def emit(name, degree, intervals, limit):
    scale, table, error = fit(degree, intervals, limit)
    print(f"// Degree {degree} on {intervals} intervals: GELU to {error:.1e}.")
    print(f"struct {name} {{")
    print(f"  static constexpr double kScale = {scale!r};")
    print(f"  static constexpr float kLast = {intervals - 0.5 - 1 / 128!r}f;  // rounds to the last interval")
    print(f"  static constexpr int kDegree = {degree};")
    print(f"  alignas(64) static constexpr float kCoefficients[{degree + 1}][{intervals}] = {{")
    for power in table:
        text = ", ".join(f"{np.float32(value):.9g}f" if "." in f"{np.float32(value):.9g}" or "e" in f"{np.float32(value):.9g}"
                         else f"{np.float32(value):.1f}f" for value in power)
        print(f"      {{{text}}},")
    print("  };")
    print("};")
    print()


print(f"""#ifndef {GUARD}
#define {GUARD}

// Written by gelu_tables.py, which says what it means.

namespace edgenext::kernels {{
namespace {{

// A line for each power.
// clang-format off
""")
emit("Gelu16", 4, 16, 5.4)
emit("Gelu16Coarse", 2, 16, 4.5)
emit("Gelu8", 6, 8, 5.5)
print(f"""// clang-format on

}}  // namespace
}}  // namespace edgenext::kernels

#endif  // {GUARD}""")
