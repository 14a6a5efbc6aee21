"""The unmodified tritonclient of PyPI: health, metadata, inference in every input type, classification."""

import queue
import unittest

import numpy
import tritonclient.grpc
from tritonclient.utils import InferenceServerException

from harness import PATIENCE_SECONDS, PROBABILITY_TOLERANCE, SAMPLES, ServerTestCase, expected_samples

MODEL = "pictograms"
CLASSES = 474
SIZE = 128
LOGIT_TOLERANCE = 1e-4
MEAN = numpy.array([0.485, 0.456, 0.406])
STD = numpy.array([0.229, 0.224, 0.225])


def image_input(array, datatype):
    tensor = tritonclient.grpc.InferInput("image", list(array.shape), datatype)
    tensor.set_data_from_numpy(array)
    return tensor


def encoded(*names):
    return numpy.array([(SAMPLES / name).read_bytes() for name in names], dtype=numpy.object_)


class TritonClientTest(ServerTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = tritonclient.grpc.InferenceServerClient(cls.server.grpc)
        cls.labels = (SAMPLES.parent / "labels.txt").read_text().splitlines()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        super().tearDownClass()

    def infer(self, array, datatype, **arguments):
        return self.client.infer(MODEL, [image_input(array, datatype)], **arguments)

    def test_health_and_metadata(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready(MODEL))
        self.assertFalse(self._is_ready("resnet"))
        self.assertEqual(self.client.get_server_metadata(as_json=True)["name"], "edgenext")
        metadata = self.client.get_model_metadata(MODEL, as_json=True)
        self.assertEqual(metadata["inputs"], [{"name": "image", "datatype": "BYTES", "shape": ["-1"]}])
        self.assertEqual([output["name"] for output in metadata["outputs"]], ["logits", "probabilities"])

    def _is_ready(self, model):
        try:
            return self.client.is_model_ready(model)
        except InferenceServerException as error:
            self.assertIn("NOT_FOUND", error.status())
            return False

    def test_encoded_images_in_one_batch(self):
        expected = expected_samples()
        result = self.infer(encoded(*(sample["file"] for sample in expected)), "BYTES")
        probabilities = result.as_numpy("probabilities")
        self.assertEqual(probabilities.shape, (len(expected), CLASSES))
        self.assertEqual(result.as_numpy("logits").shape, (len(expected), CLASSES))
        for row, sample in zip(probabilities, expected):
            order = numpy.argsort(-row, kind="stable")[:3]
            self.assertEqual([self.labels[i] for i in order], [label for label, _ in sample["top3"]])
            for index, (_, probability) in zip(order, sample["top3"]):
                self.assertAlmostEqual(float(row[index]), probability, delta=PROBABILITY_TOLERANCE)

    def test_pixels_as_uint8_and_the_same_normalised_as_fp32_agree(self):
        pixels = numpy.random.default_rng(1).integers(0, 256, (3, SIZE, SIZE, 3), dtype=numpy.uint8)
        normalised = ((pixels / 255 - MEAN) / STD).transpose(0, 3, 1, 2).astype(numpy.float32)
        from_pixels = self.infer(pixels, "UINT8").as_numpy("logits")
        from_floats = self.infer(normalised, "FP32").as_numpy("logits")
        self.assertEqual(from_pixels.shape, (3, CLASSES))
        # Both are float32 runs of one network whose stems differ only in where the normalisation is done.
        numpy.testing.assert_allclose(from_pixels, from_floats, rtol=0, atol=LOGIT_TOLERANCE)
        self.assertGreater(numpy.abs(from_pixels[0] - from_pixels[1]).max(), 0.1)

    def test_one_output_may_be_asked_for(self):
        result = self.infer(encoded("bicycle.jpg"), "BYTES",
                            outputs=[tritonclient.grpc.InferRequestedOutput("probabilities")], request_id="r1")
        self.assertIsNone(result.as_numpy("logits"))
        self.assertEqual(self.labels[int(result.as_numpy("probabilities")[0].argmax())], "bicycle")
        self.assertEqual(result.get_response().id, "r1")

    def test_classification_gives_value_index_and_label(self):
        expected = expected_samples()[:2]
        names = [sample["file"] for sample in expected]
        output = tritonclient.grpc.InferRequestedOutput("probabilities", class_count=3)
        classes = self.infer(encoded(*names), "BYTES", outputs=[output]).as_numpy("probabilities")
        self.assertEqual(classes.shape, (2, 3))
        for row, sample in zip(classes, expected):
            for element, (label, probability) in zip(row, sample["top3"]):
                value, index, name = element.decode().split(":", 2)
                self.assertEqual(name, label)
                self.assertEqual(self.labels[int(index)], label)
                self.assertAlmostEqual(float(value), probability, delta=PROBABILITY_TOLERANCE)

    def test_classification_of_logits_beside_probabilities(self):
        outputs = [tritonclient.grpc.InferRequestedOutput("logits", class_count=2),
                   tritonclient.grpc.InferRequestedOutput("probabilities")]
        result = self.infer(encoded("guitar.webp"), "BYTES", outputs=outputs)
        plain = self.infer(encoded("guitar.webp"), "BYTES").as_numpy("logits")[0]
        for element, index in zip(result.as_numpy("logits")[0], numpy.argsort(-plain, kind="stable")):
            value, shown, label = element.decode().split(":", 2)
            self.assertEqual((int(shown), label), (index, self.labels[index]))
            self.assertEqual(numpy.float32(value), plain[index])
        self.assertEqual(result.as_numpy("probabilities").shape, (1, CLASSES))

    def test_requests_in_parallel(self):
        names = [sample["file"] for sample in expected_samples()]
        done = queue.Queue()
        for name in names * 3:
            self.client.async_infer(MODEL, [image_input(encoded(name), "BYTES")], request_id=name,
                                    callback=lambda result, error: done.put((result, error)))
        expected = {sample["file"]: sample["top3"][0][0] for sample in expected_samples()}
        for _ in names * 3:
            result, error = done.get(timeout=PATIENCE_SECONDS)
            self.assertIsNone(error)
            row = result.as_numpy("probabilities")[0]
            self.assertEqual(self.labels[int(row.argmax())], expected[result.get_response().id])

    def test_errors_carry_their_code(self):
        for arguments, code in (((MODEL, [image_input(numpy.array([b"x"], dtype=numpy.object_), "BYTES")]),
                                 "INVALID_ARGUMENT"),
                                (("resnet", [image_input(encoded("bicycle.jpg"), "BYTES")]), "NOT_FOUND")):
            with self.assertRaises(InferenceServerException) as caught:
                self.client.infer(*arguments)
            self.assertEqual(caught.exception.status(), f"StatusCode.{code}")


if __name__ == "__main__":
    unittest.main()
