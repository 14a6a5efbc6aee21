"""The six calls of the Open Inference Protocol through grpcio and stubs generated from the project's .proto file."""

import struct
import unittest

import grpc
import numpy
from inference import grpc_service_pb2, grpc_service_pb2_grpc

from harness import PROBABILITY_TOLERANCE, SAMPLES, ServerTestCase, expected_samples

CLASSES = 474


def request_for(images, **arguments):
    """Encoded images as BYTES in raw_input_contents."""
    request = grpc_service_pb2.ModelInferRequest(model_name="pictograms", **arguments)
    request.inputs.add(name="image", datatype="BYTES", shape=[len(images)])
    request.raw_input_contents.append(b"".join(struct.pack("<I", len(image)) + image for image in images))
    return request


def outputs_of(response):
    """{name: array} from raw_output_contents."""
    return {output.name: numpy.frombuffer(raw, "<f4").reshape(output.shape)
            for output, raw in zip(response.outputs, response.raw_output_contents)}


class InferTest(ServerTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel = grpc.insecure_channel(cls.server.grpc)
        cls.stub = grpc_service_pb2_grpc.GRPCInferenceServiceStub(cls.channel)
        cls.labels = (SAMPLES.parent / "labels.txt").read_text().splitlines()

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        super().tearDownClass()

    def assert_fails(self, call, request, code, text):
        with self.assertRaises(grpc.RpcError) as caught:
            call(request)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        self.assertIn(text, caught.exception.details())

    def test_live_and_ready(self):
        self.assertTrue(self.stub.ServerLive(grpc_service_pb2.ServerLiveRequest()).live)
        self.assertTrue(self.stub.ServerReady(grpc_service_pb2.ServerReadyRequest()).ready)
        ready = grpc_service_pb2.ModelReadyRequest(name="pictograms")
        self.assertTrue(self.stub.ModelReady(ready).ready)
        unknown = grpc_service_pb2.ModelReadyRequest(name="resnet")
        self.assert_fails(self.stub.ModelReady, unknown, grpc.StatusCode.NOT_FOUND, "resnet")

    def test_metadata(self):
        server = self.stub.ServerMetadata(grpc_service_pb2.ServerMetadataRequest())
        self.assertEqual(server.name, "edgenext")
        self.assertRegex(server.version, r"^\d+\.\d+\.\d+$")
        self.assertIn("classification", server.extensions)
        model = self.stub.ModelMetadata(grpc_service_pb2.ModelMetadataRequest(name="pictograms", version="1"))
        self.assertEqual((model.name, list(model.versions), model.platform),
                         ("pictograms", ["1"], "edgenext_onednn"))
        tensors = [(t.name, t.datatype, list(t.shape)) for t in (*model.inputs, *model.outputs)]
        self.assertEqual(tensors, [("image", "BYTES", [-1]), ("logits", "FP32", [-1, CLASSES]),
                                   ("probabilities", "FP32", [-1, CLASSES])])
        self.assertEqual(model.properties["variant"], "edgenext_xx_small")
        self.assertIn(model.properties["precision"], ("f32", "bf16"))

    def test_encoded_images_raw_and_typed_give_the_expected_labels(self):
        expected = expected_samples()
        images = [(SAMPLES / sample["file"]).read_bytes() for sample in expected]
        raw = self.stub.ModelInfer(request_for(images, id="batch 1"))
        self.assertEqual((raw.model_name, raw.model_version, raw.id), ("pictograms", "1", "batch 1"))
        self.assertEqual([output.name for output in raw.outputs], ["logits", "probabilities"])
        outputs = outputs_of(raw)
        for row, sample in zip(outputs["probabilities"], expected):
            order = numpy.argsort(-row, kind="stable")[:3]
            self.assertEqual([self.labels[i] for i in order], [label for label, _ in sample["top3"]])
            for index, (_, probability) in zip(order, sample["top3"]):
                self.assertAlmostEqual(float(row[index]), probability, delta=PROBABILITY_TOLERANCE)
        # The softmax in float64 of the logits the server gave: float32 rounding only.
        logits = outputs["logits"].astype(numpy.float64)
        softmax = numpy.exp(logits - logits.max(axis=1, keepdims=True))
        softmax /= softmax.sum(axis=1, keepdims=True)
        numpy.testing.assert_allclose(outputs["probabilities"], softmax, rtol=1e-5, atol=1e-9)

        typed_request = grpc_service_pb2.ModelInferRequest(model_name="pictograms")
        tensor = typed_request.inputs.add(name="image", datatype="BYTES", shape=[len(images)])
        tensor.contents.bytes_contents.extend(images)
        typed = self.stub.ModelInfer(typed_request)
        self.assertEqual(typed.raw_output_contents, raw.raw_output_contents)

    def test_a_bad_element_fails_the_request_and_is_named(self):
        images = [(SAMPLES / "penguin.jpg").read_bytes()] * 3 + [b"no image"]
        self.assert_fails(self.stub.ModelInfer, request_for(images), grpc.StatusCode.INVALID_ARGUMENT, "image[3]")

    def test_bad_tensors_are_named(self):
        def changed(**fields):
            request = request_for([b"x"])
            for name, value in fields.items():
                setattr(request.inputs[0], name, value)
            return request

        self.assert_fails(self.stub.ModelInfer, changed(name="input"), grpc.StatusCode.INVALID_ARGUMENT, "input")
        self.assert_fails(self.stub.ModelInfer, changed(datatype="INT8"), grpc.StatusCode.INVALID_ARGUMENT, "INT8")
        wrong_size = grpc_service_pb2.ModelInferRequest(model_name="pictograms")
        wrong_size.inputs.add(name="image", datatype="UINT8", shape=[1, 128, 128, 3])
        wrong_size.raw_input_contents.append(bytes(100))
        self.assert_fails(self.stub.ModelInfer, wrong_size, grpc.StatusCode.INVALID_ARGUMENT, "49152")
        unknown = request_for([b"x"])
        unknown.model_name = "resnet"
        self.assert_fails(self.stub.ModelInfer, unknown, grpc.StatusCode.NOT_FOUND, "resnet")


if __name__ == "__main__":
    unittest.main()
