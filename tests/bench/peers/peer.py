"""Holds one peer, to be timed whenever it is told to: peer.py NAME PRECISION THREADS VARIANT MODEL.onnx

Prints a JSON object when it is ready: version, and difference, the largest one to the recorded logits of two images in
standard deviations of an image's logits. Then, for each line with a number of seconds on standard input, runs one
image that is not counted and others until the seconds have passed, and prints ms_min and ms_median of one.
"""
import json
import statistics
import sys
import time

import numpy as np

import synthetic


def onnxruntime_runner(precision, threads, _, path):
    import onnxruntime as ort

    if precision != "f32":
        raise ValueError(f"ONNX Runtime has no {precision} on x86")
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return ort.__version__, lambda image: session.run(None, {name: image})[0]


def openvino_runner(precision, threads, _, path):
    import openvino as ov

    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY",
                                                     "INFERENCE_NUM_THREADS": threads})
    if compiled.get_property("INFERENCE_PRECISION_HINT").to_string() != precision:
        raise ValueError(f"OpenVINO does not compute in {precision} here")
    request = compiled.create_infer_request()
    return ov.__version__.split("-")[0], lambda image: request.infer([image], share_inputs=True)[0]


def torch_runner(precision, threads, variant, _):
    import torch

    import models

    if precision != "f32":
        raise ValueError(f"torch.compile is not run in {precision}")
    torch.set_num_threads(threads)
    compiled = torch.compile(models.create(variant))

    def run(image):
        with torch.inference_mode():
            return compiled(torch.from_numpy(image)).numpy()

    return torch.__version__.split("+")[0], run


RUNNERS = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner, "torch": torch_runner}


def difference_to_golden(run, variant) -> float:
    images = synthetic.input_batch(seed=1, batch=2, side=256)
    logits = np.concatenate([run(np.ascontiguousarray(images[i : i + 1])).copy() for i in range(2)])
    golden = synthetic.golden_logits(variant).astype(np.float64)
    return float((np.abs(logits - golden) / golden.std(axis=1, keepdims=True)).max())


def measure(run, image, seconds) -> dict:
    run(image)
    times = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        run(image)
        times.append((time.perf_counter() - start) * 1e3)
    return {"ms_min": min(times), "ms_median": statistics.median(times)}


def main():
    name, precision, threads, variant, path = sys.argv[1:]
    version, run = RUNNERS[name](precision, int(threads), variant, path)
    print(json.dumps({"version": version, "difference": difference_to_golden(run, variant)}), flush=True)
    image = np.ascontiguousarray(synthetic.input_batch(seed=1, batch=2, side=256)[:1])
    for line in sys.stdin:
        print(json.dumps(measure(run, image, float(line))), flush=True)


if __name__ == "__main__":
    main()
