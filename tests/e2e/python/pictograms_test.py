"""The accuracy of the model that ships: 474 pictures of a style that training never saw, against PyTorch."""

import csv
import unittest

import grpc
import numpy
from edgenext.v1 import classifier_pb2, classifier_pb2_grpc
from inference import grpc_service_pb2_grpc

from harness import ROOT, ServerTestCase
from infer_test import outputs_of, request_for

PICTURES = ROOT / "tests/data/pictograms-eval"
# Share of the pictures. Preprocessing may differ by a level, which can turn a near tie over.
AGREEMENT = 0.995
LOGIT_TOLERANCE = 1e-4
# Of the deviation of logits.
BF16_LOGIT_TOLERANCE = 2e-2
BATCH = 8


class PictogramsTestCase(ServerTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(PICTURES / "expected.csv", newline="", encoding="utf-8") as file:
            cls.rows = list(csv.DictReader(file))
        cls.images = [(PICTURES / row["file"]).read_bytes() for row in cls.rows]
        cls.channel = grpc.insecure_channel(cls.server.grpc)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        super().tearDownClass()

    def assert_top_1_is_pytorchs(self):
        self.assertEqual(len(self.rows), 474)
        requests = (classifier_pb2.ClassifyStreamRequest(
            id=i, request=classifier_pb2.ClassifyRequest(image=image, top_k=1))
            for i, image in enumerate(self.images))
        answers = list(classifier_pb2_grpc.ClassifierStub(self.channel).ClassifyStream(requests))
        self.assertEqual(sorted(answer.id for answer in answers), list(range(len(self.rows))))
        agreeing = sum(answer.response.predictions[0].index == int(self.rows[answer.id]["top1_index"])
                       for answer in answers)
        print(f"top-1: {agreeing} of {len(self.rows)} as PyTorch")
        self.assertGreaterEqual(agreeing / len(self.rows), AGREEMENT)

    def logit_differences(self):
        stub = grpc_service_pb2_grpc.GRPCInferenceServiceStub(self.channel)
        ours = []
        for start in range(0, len(self.rows), BATCH):
            logits = outputs_of(stub.ModelInfer(request_for(self.images[start:start + BATCH])))["logits"]
            for row, expected in zip(logits, self.rows[start:start + BATCH]):
                ours.append(row[int(expected["top1_index"])])
        theirs = [float(row["top1_logit"]) for row in self.rows]
        difference = numpy.abs(numpy.array(ours) - numpy.array(theirs))
        print(f"logits: largest difference {difference.max():.2g}, mean {difference.mean():.2g}")
        return difference


class Float32Test(PictogramsTestCase):

    def test_top_1_over_the_stream_is_pytorchs(self):
        self.assert_top_1_is_pytorchs()

    def test_logits_are_pytorchs(self):
        self.assertLess(self.logit_differences().max(), LOGIT_TOLERANCE)


class DefaultPrecisionTest(PictogramsTestCase):
    """bf16 where the processor has it: what a user gets."""

    PRECISION = "auto"

    def test_top_1_over_the_stream_is_pytorchs(self):
        self.assert_top_1_is_pytorchs()

    def test_logits_are_near_pytorchs(self):
        deviation = numpy.std([float(row["top1_logit"]) for row in self.rows])
        self.assertLess(self.logit_differences().max(), BF16_LOGIT_TOLERANCE * deviation)


if __name__ == "__main__":
    unittest.main()
