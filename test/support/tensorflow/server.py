"""TensorFlow itself behind the public protos of TensorFlow Serving: saved models, run by their signatures.

Two ports are told as JSON, for a server answers in one of two forms: `lists` as TensorFlow Serving does by
default, `content` as it does with --enable_serialization_as_tensor_content. With them goes what the model
`net` makes of an input, as TensorFlow computes it here.
"""

import concurrent.futures
import json
import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import grpc
import numpy
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

TYPES = [
    "float32", "float64", "int32", "uint8", "int16", "int8", "string", "int64", "bool", "bfloat16",
    "uint16", "float16", "uint32", "uint64",
]  # fmt: skip
LISTS = {
    "float32": "float_val", "float64": "double_val", "int32": "int_val", "uint8": "int_val",
    "int16": "int_val", "int8": "int_val", "uint16": "int_val", "int64": "int64_val",
    "bool": "bool_val", "uint32": "uint32_val", "uint64": "uint64_val",
}  # fmt: skip


class Model(tf.Module):
    """One function with a signature."""

    def __init__(self, function, *specs):
        super().__init__()
        self.function = tf.function(function, input_signature=list(specs))


def net():
    """A small image classifier with weights that are always the same."""
    tf.keras.utils.set_random_seed(7)
    return tf.keras.Sequential([
        tf.keras.layers.Input((32, 32, 3)),
        tf.keras.layers.Conv2D(8, 3, strides=2, activation="relu"),
        tf.keras.layers.Conv2D(16, 3, strides=2, activation="relu"),
        tf.keras.layers.GlobalAveragePooling2D(),
        tf.keras.layers.Dense(10, activation="softmax"),
    ])


def saved(module, folder, signature):
    """The model as it comes back from a saved one: what TensorFlow Serving loads."""
    tf.saved_model.save(module, folder, signatures=signature)
    return tf.saved_model.load(folder)


def models(folder):
    """Every model by name."""
    found = {}

    def add(name, function, *specs):
        module = Model(lambda *given: {"y": function(*given)}, *specs)
        found[name] = saved(module, f"{folder}/{name}/1", module.function)

    add("half_plus_two", lambda x: x / 2 + 2, tf.TensorSpec([None], tf.float32, name="x"))
    add("sum", lambda a, b: a + b, tf.TensorSpec([], tf.float32, name="a"), tf.TensorSpec([], tf.float32, name="b"))
    for name in TYPES:
        add(f"echo_{name}", tf.identity, tf.TensorSpec(None, tf.as_dtype(name), name="x"))
    add(
        "decoder",
        lambda x: tf.map_fn(lambda one: tf.shape(tf.io.decode_png(one)), x, fn_output_signature=tf.int32),
        tf.TensorSpec([None], tf.string, name="x"),
    )
    network = net()
    module = Model(lambda image: {"y": network(image)}, tf.TensorSpec([None, 32, 32, 3], tf.float32, name="image"))
    module.network = network
    found["net"] = saved(module, f"{folder}/net/1", module.function)
    return found, network


def listed(tensor):
    """A tensor as AsProtoField writes it: elements in the list of their type."""
    proto = tf.make_tensor_proto(tensor)
    if proto.dtype == tf.string.as_datatype_enum or not proto.tensor_content:
        return proto
    array = tf.make_ndarray(proto)
    proto.tensor_content = b""
    name = tf.as_dtype(proto.dtype).name
    if name in ("float16", "bfloat16"):
        proto.half_val.extend(array.view(numpy.uint16).flatten().tolist())
    else:
        getattr(proto, LISTS[name]).extend(array.flatten().tolist())
    return proto


class Server(prediction_service_pb2_grpc.PredictionServiceServicer, model_service_pb2_grpc.ModelServiceServicer):
    """PredictionService and ModelService over the models, with TensorFlow Serving's words and codes."""

    def __init__(self, models, written):
        self.models = models
        self.written = written

    def find(self, spec, context):
        model = self.models.get(spec.name)
        if model is None or (spec.HasField("version") and spec.version.value != 1):
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: Latest({spec.name})")
        if spec.version_label:
            words = f"Unrecognized servable version label: {spec.version_label}"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, words)
        name = spec.signature_name or "serving_default"
        if name not in model.signatures:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
        return model.signatures[name]

    def Predict(self, request, context):
        signature = self.find(request.model_spec, context)
        wanted = signature.structured_input_signature[1]
        if set(request.inputs) != set(wanted):
            words = f"input size does not match signature: {len(request.inputs)}!={len(wanted)}"
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, words)
        try:
            given = {
                name: tf.constant(tf.make_ndarray(proto), dtype=tf.as_dtype(proto.dtype))
                for name, proto in request.inputs.items()
            }
            outputs = signature(**given)
        except Exception as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error)[:200])
        response = predict_pb2.PredictResponse()
        for name, tensor in outputs.items():
            response.outputs[name].CopyFrom(self.written(tensor))
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = 1
        response.model_spec.signature_name = "serving_default"
        return response

    def GetModelMetadata(self, request, context):
        if list(request.metadata_field) != ["signature_def"]:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Metadata field is not supported")
        signature = self.find(request.model_spec, context)
        known = meta_graph_pb2.SignatureDef(method_name="tensorflow/serving/predict")

        def fill(target, specs):
            for name, spec in specs.items():
                target[name].name = f"serving_default_{name}:0"
                target[name].dtype = spec.dtype.as_datatype_enum
                target[name].tensor_shape.CopyFrom(spec.shape.as_proto())

        fill(known.inputs, signature.structured_input_signature[1])
        fill(known.outputs, signature.structured_outputs)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        signatures.signature_def["serving_default"].CopyFrom(known)
        signatures.signature_def["__saved_model_init_op"].SetInParent()
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = 1
        response.metadata["signature_def"].Pack(signatures)
        return response

    def GetModelStatus(self, request, context):
        name = request.model_spec.name
        if name not in self.models:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {name}")
        response = get_model_status_pb2.GetModelStatusResponse()
        one = response.model_version_status.add(version=1)
        one.state = get_model_status_pb2.ModelVersionStatus.AVAILABLE
        return response


def serve(models, written):
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(2),
        options=[("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)],
    )
    service = Server(models, written)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main():
    with tempfile.TemporaryDirectory() as folder:
        found, network = models(folder)
        servers = {"lists": serve(found, listed), "content": serve(found, tf.make_tensor_proto)}
        image = numpy.linspace(0, 1, 32 * 32 * 3, dtype=numpy.float32).reshape(1, 32, 32, 3)
        told = {name: port for name, (_, port) in servers.items()}
        told["net"] = found["net"].signatures["serving_default"](image=tf.constant(image))["y"].numpy()[0].tolist()
        print(json.dumps(told), flush=True)
        # Until the test's end of the pipe is closed.
        sys.stdin.read()


main()
