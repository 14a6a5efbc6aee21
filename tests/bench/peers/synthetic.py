"""Synthetic checkpoints and inputs: the formulas of model/synthetic/synthetic_checkpoint.h, in numpy."""
import json
import pathlib

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"


def uniform(key: str, seed: int, count: int) -> np.ndarray:
    """`count` values in [-1, 1) that follow from the key."""
    mask = (1 << 64) - 1
    h = 0xCBF29CE484222325  # FNV-1a
    for byte in key.encode():
        h = ((h ^ byte) * 0x100000001B3) & mask
    with np.errstate(over="ignore"):  # splitmix64
        z = np.uint64((h + seed) & mask) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return ((z >> np.uint64(40)).astype(np.float64) / (1 << 23) - 1).astype(np.float32)


def tensor(official_name: str, shape: list, seed: int) -> np.ndarray:
    u = uniform(official_name, seed, int(np.prod(shape)))
    leaf = official_name.rsplit(".", 1)[-1]
    f = np.float32
    if leaf in ("gamma", "gamma_xca"):
        v = f(0.5) + f(0.25) * u
    elif leaf == "temperature":
        v = f(4) + f(2) * u
    elif leaf in ("bias", "running_mean"):
        v = f(0.1) * u
    elif leaf == "running_var":
        v = f(1) + f(0.5) * u
    elif len(shape) == 1:
        v = f(1) + f(0.2) * u
    else:
        v = f((3 / np.prod(shape[1:])) ** 0.5) * u
    return v.reshape(shape)


def state(variant: str, naming: str, seed: int) -> dict:
    """The tensors of a variant under the names of `naming`, "official" or "timm"."""
    manifest = json.loads((DATA / "manifests" / f"{variant}.json").read_text())
    return {row[naming]: tensor(row["official"], row["shape"], seed) for row in manifest["tensors"]}


def input_batch(seed: int, batch: int, side: int) -> np.ndarray:
    cells = side // 32
    coarse = uniform(f"input/{seed}/coarse", 0, batch * 3 * cells * cells).reshape(batch, 3, cells, cells)
    fine = uniform(f"input/{seed}/fine", 0, batch * 3 * side * side).reshape(batch, 3, side, side)
    return np.float32(1.5) * coarse.repeat(32, axis=2).repeat(32, axis=3) + np.float32(0.5) * fine


def golden_file(variant: str) -> pathlib.Path:
    """Recorded float64 results (rounded) of seed 1, two images of 256 x 256."""
    naming = "timm" if variant.endswith("_rw") else "official"
    return DATA / "golden" / f"{variant}-{naming}-seed1-2x256x256-c1000.safetensors"


def golden_logits(variant: str) -> np.ndarray:
    blob = golden_file(variant).read_bytes()
    size = int.from_bytes(blob[:8], "little")
    entry = json.loads(blob[8 : 8 + size])["logits"]
    begin, end = (8 + size + offset for offset in entry["data_offsets"])
    return np.frombuffer(blob[begin:end], dtype="<f4").reshape(entry["shape"])
