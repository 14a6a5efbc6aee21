"""edgenext.v1.Classifier through grpcio and stubs generated from the project's .proto files."""

import unittest

import grpc
from edgenext.v1 import classifier_pb2, classifier_pb2_grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from harness import PROBABILITY_TOLERANCE, SAMPLES, ServerTestCase, expected_samples


def details_of(rpc_error_or_status):
    """{message name: message} of the google.rpc details, from a call's error or an answer's status."""
    status = rpc_error_or_status
    if isinstance(status, grpc.RpcError):
        status = rpc_status.from_call(status)
    known = {"google.rpc.ErrorInfo": error_details_pb2.ErrorInfo,
             "google.rpc.RetryInfo": error_details_pb2.RetryInfo,
             "google.rpc.BadRequest": error_details_pb2.BadRequest}
    found = {}
    for detail in status.details if status else []:
        name = detail.TypeName()
        found[name] = known[name]()
        detail.Unpack(found[name])
    return found


def reason_of(rpc_error_or_status):
    return details_of(rpc_error_or_status)["google.rpc.ErrorInfo"].reason


class ClassifierTestCase(ServerTestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel = grpc.insecure_channel(cls.server.grpc)
        cls.stub = classifier_pb2_grpc.ClassifierStub(cls.channel)

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        super().tearDownClass()

    def assert_expected(self, response, expected):
        self.assertEqual([p.label for p in response.predictions][:3], [label for label, _ in expected["top3"]])
        for prediction, (_, probability) in zip(response.predictions, expected["top3"]):
            self.assertAlmostEqual(prediction.probability, probability, delta=PROBABILITY_TOLERANCE)

    def assert_fails(self, request, code, reason, **call_arguments):
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.Classify(request, **call_arguments)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        if reason:
            self.assertEqual(reason_of(caught.exception), reason)
        return caught.exception


class ClassifyTest(ClassifierTestCase):

    def test_samples_have_the_expected_labels(self):
        for expected in expected_samples():
            with self.subTest(expected["file"]):
                image = (SAMPLES / expected["file"]).read_bytes()
                response = self.stub.Classify(classifier_pb2.ClassifyRequest(image=image, request_id="r 1"))
                self.assert_expected(response, expected)
                self.assertEqual(len(response.predictions), 5)
                self.assertEqual((response.model, response.model_version), ("pictograms", "1"))
                self.assertEqual(response.request_id, "r 1")
                self.assertGreater(response.timings.decode.ToNanoseconds(), 0)
                self.assertGreater(response.timings.execute.ToNanoseconds(), 0)
                self.assertGreaterEqual(response.timings.queue.ToNanoseconds(), 0)
                self.assertGreaterEqual(response.timings.batch_size, 1)

    def test_top_k_is_clamped_and_the_whole_list_is_a_distribution(self):
        image = (SAMPLES / "penguin.jpg").read_bytes()
        one = self.stub.Classify(classifier_pb2.ClassifyRequest(image=image, top_k=1))
        every = self.stub.Classify(classifier_pb2.ClassifyRequest(image=image, top_k=100000))
        self.assertEqual(len(one.predictions), 1)
        self.assertEqual(one.predictions[0], every.predictions[0])
        self.assertEqual(sorted(p.index for p in every.predictions), list(range(474)))
        self.assertAlmostEqual(sum(p.probability for p in every.predictions), 1, places=5)
        probabilities = [p.probability for p in every.predictions]
        self.assertEqual(probabilities, sorted(probabilities, reverse=True))

    def test_named_model_and_version_are_served(self):
        request = classifier_pb2.ClassifyRequest(
            image=(SAMPLES / "bicycle.jpg").read_bytes(), model="pictograms", model_version="1",
            priority=classifier_pb2.BULK)
        self.assertEqual(self.stub.Classify(request).predictions[0].label, "bicycle")


class ClassifyErrorsTest(ClassifierTestCase):
    # The receive limit is the batch's: with one image, the larger of --max-image-bytes and a float tensor of
    # 512 x 512 pixels (3 MiB), and 64 KiB more.
    FLAGS = ("--max-batch-size=1", "--max-image-bytes=1000000")

    def test_what_is_no_image_is_named(self):
        for image, reason in ((b"", "IMAGE_UNSUPPORTED"), (b"not an image", "IMAGE_UNSUPPORTED"),
                              (b"GIF89a\x01\x00\x01\x00\x00\x00\x00", "IMAGE_UNSUPPORTED"),
                              ((SAMPLES / "hamburger.png").read_bytes()[:200], "IMAGE_CORRUPT"),
                              (b"\xff" * 1_000_001, "IMAGE_TOO_LARGE")):
            with self.subTest(image=image[:20], reason=reason):
                error = self.assert_fails(classifier_pb2.ClassifyRequest(image=image),
                                          grpc.StatusCode.INVALID_ARGUMENT, reason)
                self.assertLessEqual(len(error.details()), 512)

    def test_an_unknown_model_or_version_is_not_found(self):
        image = (SAMPLES / "penguin.jpg").read_bytes()
        for request in (classifier_pb2.ClassifyRequest(image=image, model="resnet"),
                        classifier_pb2.ClassifyRequest(image=image, model="pictograms", model_version="2")):
            self.assert_fails(request, grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")

    def test_a_message_over_the_limit_is_refused_and_the_connection_goes_on(self):
        self.assert_fails(classifier_pb2.ClassifyRequest(image=bytes(4_000_000)),
                          grpc.StatusCode.RESOURCE_EXHAUSTED, "")
        request = classifier_pb2.ClassifyRequest(image=(SAMPLES / "penguin.jpg").read_bytes())
        self.assertEqual(self.stub.Classify(request).predictions[0].label, "penguin")

    def test_a_deadline_that_has_passed_is_told(self):
        request = classifier_pb2.ClassifyRequest(image=(SAMPLES / "penguin.jpg").read_bytes())
        self.assert_fails(request, grpc.StatusCode.DEADLINE_EXCEEDED, "", timeout=0.000001)

    def test_unknown_methods_are_unimplemented(self):
        call = self.channel.unary_unary("/edgenext.v1.Classifier/Paint")
        with self.assertRaises(grpc.RpcError) as caught:
            call(b"")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_a_message_that_is_not_of_the_protocol_is_invalid(self):
        call = self.channel.unary_unary("/edgenext.v1.Classifier/Classify")
        with self.assertRaises(grpc.RpcError) as caught:
            call(b"\x0a\xff\xff")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)


class ClassifyStreamTest(ClassifierTestCase):
    FLAGS = ("--cpus=1", "--stream-window=3")

    def test_every_id_is_answered_once_with_its_own_picture(self):
        expected = expected_samples()
        images = [(SAMPLES / sample["file"]).read_bytes() for sample in expected]
        ids = range(1000, 1060)
        requests = (classifier_pb2.ClassifyStreamRequest(
            id=i, request=classifier_pb2.ClassifyRequest(image=images[i % len(images)], top_k=3)) for i in ids)
        call = self.stub.ClassifyStream(requests)
        self.assertEqual(dict(call.initial_metadata())["edgenext-stream-window"], "3")
        answers = list(call)
        self.assertEqual(sorted(answer.id for answer in answers), list(ids))
        for answer in answers:
            self.assertEqual(answer.WhichOneof("result"), "response", answer)
            self.assert_expected(answer.response, expected[answer.id % len(images)])

    def test_an_error_stays_with_its_image(self):
        good = (SAMPLES / "guitar.webp").read_bytes()
        requests = [
            classifier_pb2.ClassifyStreamRequest(id=1, request=classifier_pb2.ClassifyRequest(image=good)),
            classifier_pb2.ClassifyStreamRequest(id=2, request=classifier_pb2.ClassifyRequest(image=b"no image")),
            classifier_pb2.ClassifyStreamRequest(
                id=3, request=classifier_pb2.ClassifyRequest(image=good, model="resnet")),
            classifier_pb2.ClassifyStreamRequest(id=4, request=classifier_pb2.ClassifyRequest(image=good)),
        ]
        answers = {answer.id: answer for answer in self.stub.ClassifyStream(iter(requests))}
        self.assertEqual(sorted(answers), [1, 2, 3, 4])
        for good_id in (1, 4):
            self.assertEqual(answers[good_id].response.predictions[0].label, "guitar")
        self.assertEqual(answers[2].error.code, grpc.StatusCode.INVALID_ARGUMENT.value[0])
        self.assertEqual(reason_of(answers[2].error), "IMAGE_UNSUPPORTED")
        self.assertEqual(answers[3].error.code, grpc.StatusCode.NOT_FOUND.value[0])
        self.assertEqual(reason_of(answers[3].error), "MODEL_NOT_FOUND")

    def test_an_empty_stream_ends_well(self):
        self.assertEqual(list(self.stub.ClassifyStream(iter([]))), [])


if __name__ == "__main__":
    unittest.main()
