"""Calls a server with the public protos of TensorFlow Serving, and tells what it said as JSON."""

import json
import sys

import grpc
import numpy
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

channel = grpc.insecure_channel(sys.argv[1])
prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)


def failure(call, request):
    try:
        call(request, timeout=10)
    except grpc.RpcError as error:
        return [error.code().name, error.details()]
    return None


def spec(request, name):
    request.model_spec.name = name
    return request


request = spec(predict_pb2.PredictRequest(), "half_plus_two")
request.inputs["x"].CopyFrom(tf.make_tensor_proto(numpy.array([1, 2, 5], numpy.float32)))
answer = prediction.Predict(request, timeout=10)
request.model_spec.version_label = "beta"
no_label = failure(prediction.Predict, request)
status = models.GetModelStatus(spec(get_model_status_pb2.GetModelStatusRequest(), "half_plus_two"), timeout=10)
asked = spec(get_model_metadata_pb2.GetModelMetadataRequest(), "half_plus_two")
no_field = failure(prediction.GetModelMetadata, asked)
asked.metadata_field.append("signature_def")
metadata = prediction.GetModelMetadata(asked, timeout=10)
signatures = get_model_metadata_pb2.SignatureDefMap()
assert metadata.metadata["signature_def"].Unpack(signatures)
signature = signatures.signature_def["serving_default"]

print(json.dumps({
    "y": tf.make_ndarray(answer.outputs["y"]).tolist(),
    "version": answer.model_spec.version.value,
    "status": [[one.version, one.state] for one in status.model_version_status],
    "inputs": {
        name: [info.dtype, [dim.size for dim in info.tensor_shape.dim]]
        for name, info in signature.inputs.items()
    },
    "noModel": failure(prediction.Predict, spec(predict_pb2.PredictRequest(), "nobody")),
    "noStatus": failure(models.GetModelStatus, spec(get_model_status_pb2.GetModelStatusRequest(), "nobody")),
    "noLabel": no_label,
    "noField": no_field,
}))
