"""Writes a variant, with synthetic weights of seed 1, as ONNX: export.py VARIANT OUT.onnx"""
import sys

import torch

import models
import synthetic


def main():
    variant, out = sys.argv[1:]
    image = torch.from_numpy(synthetic.input_batch(seed=1, batch=2, side=256)[:1])
    with torch.inference_mode():
        torch.onnx.export(models.create(variant), (image,), out, dynamo=True, external_data=False)


if __name__ == "__main__":
    main()
