"""Writes timm's implementation of a variant, with synthetic weights of seed 1, as ONNX: export.py VARIANT OUT.onnx"""
import sys

import timm
import torch

import synthetic


def main():
    variant, out = sys.argv[1:]
    model = timm.create_model(variant, pretrained=False).eval()
    state = synthetic.timm_state(variant, seed=1)
    model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()})
    image = torch.from_numpy(synthetic.input_batch(seed=1, batch=2, side=256)[:1])
    with torch.inference_mode():
        torch.onnx.export(model, (image,), out, dynamo=True, external_data=False)


if __name__ == "__main__":
    main()
