#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/grpcpp.h>

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/calls.h"
#include "tests/server/rpc/error_details.h"
#include "tests/testing/loopback_server.h"

namespace edgenext::serving {
namespace {

using testing::LoopbackServer;
using ::testing::UnorderedElementsAre;

// The two versions of the protocol differ in their package only.
struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

template <typename Version>
class ReflectionTest : public ::testing::Test {
 protected:
  using Request = typename Version::Request;
  using Response = typename Version::Response;

  ReflectionTest() : stub_(Version::Service::NewStub(server_.Connect())) {
    context_.set_deadline(testing::HangDeadline());
    stream_ = stub_->ServerReflectionInfo(&context_);
  }
  ~ReflectionTest() override {
    stream_->WritesDone();
    EXPECT_THAT(stream_->Finish(), testing::IsGrpcOk());
  }

  Response Ask(const Request& request) {
    Response response;
    EXPECT_TRUE(stream_->Write(request));
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }

  LoopbackServer server_;
  std::unique_ptr<typename Version::Service::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
};

using Versions = ::testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionTest, Versions);

TYPED_TEST(ReflectionTest, ListsEveryService) {
  typename TypeParam::Request request;
  request.set_list_services("*");
  const auto response = this->Ask(request);
  std::set<std::string> names;
  for (const auto& service : response.list_services_response().service()) names.insert(service.name());
  EXPECT_THAT(names, UnorderedElementsAre("edgenext.v1.Classifier", "inference.GRPCInferenceService",
                                          "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                          "grpc.reflection.v1alpha.ServerReflection"));
  EXPECT_EQ(response.original_request().list_services(), "*");
}

TYPED_TEST(ReflectionTest, FindsTheFileOfASymbolWithAllItImports) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol("edgenext.v1.Classifier");
  const auto response = this->Ask(request);
  std::set<std::string> files, imports;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(bytes));
    EXPECT_TRUE(files.insert(file.name()).second) << file.name() << " comes twice";
    imports.insert(file.dependency().begin(), file.dependency().end());
  }
  EXPECT_EQ(files.count("edgenext/v1/classifier.proto"), 1u);
  for (const std::string& import : imports) EXPECT_EQ(files.count(import), 1u) << import;
}

TYPED_TEST(ReflectionTest, FindsAFileByItsName) {
  typename TypeParam::Request request;
  request.set_file_by_filename("inference/grpc_service.proto");
  const auto response = this->Ask(request);
  ASSERT_EQ(response.file_descriptor_response().file_descriptor_proto_size(), 1);
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
  EXPECT_EQ(file.package(), "inference");
}

TYPED_TEST(ReflectionTest, WhatDoesNotExistIsNotFoundAndTheStreamGoesOn) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol("edgenext.v1.Nothing");
  EXPECT_EQ(this->Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_file_by_filename("no.proto");
  EXPECT_EQ(this->Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_all_extension_numbers_of_type("edgenext.v1.Prediction");
  EXPECT_EQ(this->Ask(request).error_response().error_code(), grpc::StatusCode::UNIMPLEMENTED);
  request.set_file_containing_symbol("inference.ModelInferRequest");
  EXPECT_TRUE(this->Ask(request).has_file_descriptor_response());
}

}  // namespace
}  // namespace edgenext::serving
