"""Runs one peer in this process on one thread: peer.py NAME VARIANT MODEL.onnx SECONDS

Prints a JSON object: ms_min and ms_median of one image, and difference, the largest absolute one to the recorded logits.
"""
import json
import statistics
import sys
import time

import numpy as np

import synthetic


def onnxruntime_runner(path):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda image: session.run(None, {name: image})[0]


def openvino_runner(path):
    import openvino as ov

    compiled = ov.Core().compile_model(
        path, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    )
    request = compiled.create_infer_request()
    return lambda image: request.infer([image], share_inputs=True)[0]


RUNNERS = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner}


def main():
    name, variant, path, seconds = sys.argv[1:]
    run = RUNNERS[name](path)
    images = synthetic.input_batch(seed=1, batch=2, side=256)
    logits = np.concatenate([run(np.ascontiguousarray(images[i : i + 1])).copy() for i in range(2)])
    difference = float(np.abs(logits.astype(np.float64) - synthetic.golden_logits(variant)).max())

    image = np.ascontiguousarray(images[:1])
    times = []
    end = time.perf_counter() + float(seconds)
    while time.perf_counter() < end:
        start = time.perf_counter()
        run(image)
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"ms_min": min(times), "ms_median": statistics.median(times), "difference": difference}))


if __name__ == "__main__":
    main()
