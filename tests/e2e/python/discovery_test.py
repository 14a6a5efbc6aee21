"""What tools look for before they call: health (Check, Watch) and reflection, through grpcio's own packages."""

import unittest

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from harness import PATIENCE_SECONDS, Server, ServerTestCase

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
NAMES = ("", "edgenext.v1.Classifier", "inference.GRPCInferenceService", "liveness", "readiness", "model/pictograms")


class HealthTest(ServerTestCase):

    def setUp(self):
        channel = grpc.insecure_channel(self.server.grpc)
        self.addCleanup(channel.close)
        self.stub = health_pb2_grpc.HealthStub(channel)

    def test_every_name_is_serving(self):
        for name in NAMES:
            with self.subTest(name):
                self.assertEqual(self.stub.Check(health_pb2.HealthCheckRequest(service=name)).status, SERVING)

    def test_an_unknown_name_is_not_found(self):
        with self.assertRaises(grpc.RpcError) as caught:
            self.stub.Check(health_pb2.HealthCheckRequest(service="model/resnet"))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_watching_an_unknown_name_says_so_and_stays_open(self):
        watch = self.stub.Watch(health_pb2.HealthCheckRequest(service="model/resnet"))
        self.assertEqual(next(watch).status, SERVICE_UNKNOWN)
        self.assertTrue(watch.is_active())
        watch.cancel()


class HealthOfADrainingServerTest(unittest.TestCase):

    def test_watchers_learn_of_the_drain_while_the_server_still_answers(self):
        server = Server("--drain-delay=10m")
        self.addCleanup(server.close)
        with grpc.insecure_channel(server.grpc) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            watches = {name: stub.Watch(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE_SECONDS)
                       for name in NAMES}
            for name, watch in watches.items():
                self.assertEqual(next(watch).status, SERVING, name)
            server.begin_stop()
            for name in ("", "readiness", "model/pictograms", "edgenext.v1.Classifier"):
                self.assertEqual(next(watches[name]).status, NOT_SERVING, name)
            # Live until the end: a probe of liveness must not kill a server that drains.
            self.assertEqual(stub.Check(health_pb2.HealthCheckRequest(service="liveness")).status, SERVING)
        server.begin_stop()  # again: the delay is over
        self.assertEqual(server.wait(), 0, server.log())


class ReflectionTest(ServerTestCase):

    def setUp(self):
        channel = grpc.insecure_channel(self.server.grpc)
        self.addCleanup(channel.close)
        self.database = ProtoReflectionDescriptorDatabase(channel)

    def test_lists_both_services(self):
        services = set(self.database.get_services())
        self.assertLessEqual({"edgenext.v1.Classifier", "inference.GRPCInferenceService", "grpc.health.v1.Health"},
                             services)

    def test_describes_both_services(self):
        pool = DescriptorPool(self.database)
        classifier = pool.FindServiceByName("edgenext.v1.Classifier")
        self.assertEqual([method.name for method in classifier.methods], ["Classify", "ClassifyStream"])
        self.assertTrue(classifier.methods_by_name["ClassifyStream"].server_streaming)
        request = classifier.methods_by_name["Classify"].input_type
        self.assertEqual({field.name: field.number for field in request.fields},
                         {"image": 1, "model": 2, "model_version": 3, "top_k": 4, "request_id": 5, "priority": 6})
        inference = pool.FindServiceByName("inference.GRPCInferenceService")
        self.assertEqual({method.name for method in inference.methods},
                         {"ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"})


class NoReflectionTest(ServerTestCase):
    FLAGS = ("--reflection=false",)

    def test_can_be_switched_off(self):
        with grpc.insecure_channel(self.server.grpc) as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                ProtoReflectionDescriptorDatabase(channel).get_services()
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)


if __name__ == "__main__":
    unittest.main()
