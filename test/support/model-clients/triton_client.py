"""Calls a gateway with tritonclient, over HTTP and gRPC, as its users do.

Reads where to call as JSON on stdin; prints {"name", "problem"} as JSON, a line a case.
"""

import json
import queue
import sys
import traceback

import numpy
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http
from tritonclient.utils import InferenceServerException

facts = json.load(sys.stdin)
address = facts["address"]
cases = []


def case(name):
    def keep(run):
        cases.append((name, run))
        return run

    return keep


def both(name):
    """A case for each of the two clients."""

    def keep(run):
        cases.append((f"http: {name}", lambda: run(over_http, http, {})))
        cases.append((f"grpc: {name}", lambda: run(over_grpc, grpc, {"as_json": True})))
        return run

    return keep


http = over_http.InferenceServerClient(address)
grpc = over_grpc.InferenceServerClient(address)

scores = numpy.array([[1, 2, 1], [3, 4, 1]], dtype=numpy.float32)
x = numpy.array([[1, 2], [3, 4]], dtype=numpy.float32)


def input_of(wire, array, name="x", datatype="FP32", **options):
    tensor = wire.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, **options)
    return tensor


def same(got, wanted):
    assert got is not None, "no such output"
    assert got.shape == wanted.shape, (got.shape, wanted.shape)
    assert (got == wanted).all(), (got, wanted)


def refused(call):
    try:
        call()
    except InferenceServerException as error:
        return error
    raise AssertionError("it was not refused")


@both("the server lives, is ready, and says what it is")
def _(wire, client, options):
    assert client.is_server_live()
    assert client.is_server_ready()
    metadata = client.get_server_metadata(**options)
    assert metadata["name"] == "polygate", metadata
    assert "classification" in metadata["extensions"], metadata


@both("a model is ready, and tells what it takes")
def _(wire, client, options):
    assert client.is_model_ready("gemm")
    assert client.is_model_ready("gemm", "1")
    assert not client.is_model_ready("gemm", "2")
    assert not client.is_model_ready("nobody")
    metadata = client.get_model_metadata("gemm", **options)
    assert metadata["inputs"][0]["name"] == "x", metadata
    assert [int(size) for size in metadata["inputs"][0]["shape"]] == [-1, 2], metadata
    config = client.get_model_config("batched", **options)
    config = config.get("config", config)
    assert config["max_batch_size"] == 4, config
    assert config["input"][0]["data_type"] == "TYPE_FP32", config


@both("an inference gives the model's numbers, and the id comes back")
def _(wire, client, options):
    result = client.infer("gemm", [input_of(wire, x)], request_id="7")
    same(result.as_numpy("scores"), scores)
    response = result.get_response(**options)
    assert response["id"] == "7", response
    assert response["model_version"] == "1", response


@both("an output that is asked for, and only that")
def _(wire, client, options):
    wanted = [wire.InferRequestedOutput("scores")]
    same(client.infer("gemm", [input_of(wire, x)], outputs=wanted).as_numpy("scores"), scores)
    error = refused(
        lambda: client.infer(
            "gemm", [input_of(wire, x)], outputs=[wire.InferRequestedOutput("z")]
        )
    )
    assert 'no output "z"' in str(error), error


@both("classes come with their labels")
def _(wire, client, options):
    wanted = [wire.InferRequestedOutput("scores", class_count=2)]
    result = client.infer("labelled", [input_of(wire, x)], outputs=wanted)
    classes = result.as_numpy("scores")
    assert classes.shape == (2, 2), classes
    labels = [text.decode().split(":")[1:] for text in classes[0]]
    assert labels[0] == ["1", "bee"], classes


@both("texts, which may be empty or of many bytes")
def _(wire, client, options):
    texts = numpy.array([b"", "ä€".encode(), b"x" * 300], dtype=numpy.object_)
    result = client.infer("text", [input_of(wire, texts, datatype="BYTES")])
    same(result.as_numpy("y"), texts)


numbers = {
    "BOOL": (numpy.bool_, [True, False]),
    "UINT8": (numpy.uint8, [0, 255]),
    "UINT16": (numpy.uint16, [0, 65535]),
    "UINT32": (numpy.uint32, [0, 4294967295]),
    "UINT64": (numpy.uint64, [0, 18446744073709551615]),
    "INT8": (numpy.int8, [-128, 127]),
    "INT16": (numpy.int16, [-32768, 32767]),
    "INT32": (numpy.int32, [-2147483648, 2147483647]),
    "INT64": (numpy.int64, [-9223372036854775808, 9223372036854775807]),
    "FP16": (numpy.float16, [0.1, -65504]),
    "FP32": (numpy.float32, [0.1, -3.4e38]),
    "FP64": (numpy.float64, [0.1, -1e300]),
}


def typed(wire, client, datatype, **options):
    kind, values = numbers[datatype]
    array = numpy.array(values, dtype=kind)
    tensor = input_of(wire, array, datatype=datatype, **options)
    wanted = None
    if options:
        wanted = [wire.InferRequestedOutput("y", **options)]
    same(client.infer(datatype.lower(), [tensor], outputs=wanted).as_numpy("y"), array)


for datatype in numbers:
    cases.append((f"http: {datatype} as bytes", lambda t=datatype: typed(over_http, http, t)))
    cases.append((f"grpc: {datatype}", lambda t=datatype: typed(over_grpc, grpc, t)))
    if datatype != "FP16":
        # This client writes no floats of 16 bits as JSON.
        cases.append(
            (
                f"http: {datatype} as JSON",
                lambda t=datatype: typed(over_http, http, t, binary_data=False),
            )
        )


@case("http: numbers as JSON, and outputs as JSON")
def _():
    wanted = [over_http.InferRequestedOutput("scores", binary_data=False)]
    tensor = input_of(over_http, x, binary_data=False)
    same(http.infer("gemm", [tensor], outputs=wanted).as_numpy("scores"), scores)


@case("http: numbers as JSON, and outputs as bytes")
def _():
    wanted = [over_http.InferRequestedOutput("scores", binary_data=True)]
    tensor = input_of(over_http, x, binary_data=False)
    same(http.infer("gemm", [tensor], outputs=wanted).as_numpy("scores"), scores)


@case("http: texts as JSON")
def _():
    texts = numpy.array(["", "ä€"], dtype=numpy.object_)
    tensor = input_of(over_http, texts, datatype="BYTES", binary_data=False)
    wanted = [over_http.InferRequestedOutput("y", binary_data=False)]
    result = http.infer("text", [tensor], outputs=wanted).as_numpy("y")
    assert [one.decode() if isinstance(one, bytes) else one for one in result] == ["", "ä€"], result


for algorithm in ("gzip", "deflate"):

    def compressed(wire, client, how):
        wide = numpy.arange(4000, dtype=numpy.float32).reshape(2000, 2)
        result = client.infer("gemm", [input_of(wire, wide)], **how)
        assert result.as_numpy("scores").shape == (2000, 3)

    cases.append(
        (
            f"http: a request and a response that are compressed by {algorithm}",
            lambda a=algorithm: compressed(
                over_http,
                http,
                {"request_compression_algorithm": a, "response_compression_algorithm": a},
            ),
        )
    )

cases.append(
    (
        "grpc: a request that is compressed by gzip",
        lambda: compressed(over_grpc, grpc, {"compression_algorithm": "gzip"}),
    )
)


@both("a response of many elements")
def _(wire, client, options):
    wide = numpy.arange(400_000, dtype=numpy.float32).reshape(200_000, 2)
    got = client.infer("gemm", [input_of(wire, wide)]).as_numpy("scores")
    assert got.shape == (200_000, 3), got.shape
    assert got[199_999][0] == 399_998, got[199_999]


@both("what does not fit is refused, and both sides are named")
def _(wire, client, options):
    wrong = numpy.array([[1, 2, 3]], dtype=numpy.float32)
    error = refused(lambda: client.infer("gemm", [input_of(wire, wrong)]))
    assert '"x" is FP32 [-1, 2], not [1, 3]' in str(error), error
    assert error.status() in ("400", "StatusCode.INVALID_ARGUMENT"), error.status()
    integers = numpy.array([[1, 2]], dtype=numpy.int32)
    error = refused(lambda: client.infer("gemm", [input_of(wire, integers, datatype="INT32")]))
    assert '"x" is FP32, not INT32' in str(error), error
    error = refused(lambda: client.infer("gemm", [input_of(wire, x, name="z")]))
    assert 'no input "z"' in str(error), error


@both("a model, a version and a label that are not known are not found")
def _(wire, client, options):
    for name, version in (("nobody", ""), ("gemm", "9"), ("gemm", "canary")):
        error = refused(lambda: client.infer(name, [input_of(wire, x)], model_version=version))
        assert error.status() in ("404", "StatusCode.NOT_FOUND"), error.status()
    error = refused(lambda: client.get_model_metadata("nobody"))
    assert error.status() in ("404", "StatusCode.NOT_FOUND"), error.status()


@both("the repository lists models, unloads one and loads it again")
def _(wire, client, options):
    def state():
        index = client.get_model_repository_index(**options)
        models = index["models"] if isinstance(index, dict) else index
        return next(model["state"] for model in models if model["name"] == "grid")

    assert state() == "READY"
    client.unload_model("grid")
    assert state() == "UNAVAILABLE"
    assert not client.is_model_ready("grid")
    client.load_model("grid")
    assert state() == "READY"
    assert client.is_model_ready("grid")
    refused(lambda: client.load_model("grid", config="{}"))
    refused(lambda: client.load_model("nobody"))


@both("shared memory is refused by name")
def _(wire, client, options):
    tensor = wire.InferInput("x", [2, 2], "FP32")
    tensor.set_shared_memory("region", 16)
    error = refused(lambda: client.infer("gemm", [tensor]))
    assert "shared_memory_region" in str(error), error


@case("http: many inferences at one time")
def _():
    with over_http.InferenceServerClient(address, concurrency=4) as client:
        asked = [client.async_infer("gemm", [input_of(over_http, x)]) for _ in range(20)]
        for one in asked:
            same(one.get_result().as_numpy("scores"), scores)


@case("grpc: many inferences at one time")
def _():
    done = queue.Queue()
    for _ in range(20):
        grpc.async_infer(
            "gemm",
            [input_of(over_grpc, x)],
            callback=lambda result, error: done.put((result, error)),
        )
    for _ in range(20):
        result, error = done.get(timeout=30)
        assert error is None, error
        same(result.as_numpy("scores"), scores)


@case("grpc: a stream goes on after one that fails")
def _():
    done = queue.Queue()
    with over_grpc.InferenceServerClient(address) as client:
        client.start_stream(callback=lambda result, error: done.put((result, error)))
        wrong = numpy.array([[1, 2, 3]], dtype=numpy.float32)
        for array in (x, wrong, x):
            client.async_stream_infer(
                "gemm", [input_of(over_grpc, array)], enable_empty_final_response=True
            )
        answers = [done.get(timeout=30) for _ in range(3)]
        client.stop_stream()
    same(answers[0][0].as_numpy("scores"), scores)
    final = answers[0][0].get_response().parameters["triton_final_response"]
    assert final.bool_param, final
    assert "not [1, 3]" in str(answers[1][1]), answers[1]
    same(answers[2][0].as_numpy("scores"), scores)


if facts["statistics"]:

    @both("statistics count inferences")
    def _(wire, client, options):
        found = client.get_inference_statistics("gemm", **options)["model_stats"][0]
        assert found["name"] == "gemm", found
        assert int(found["inference_count"]) >= int(found["execution_count"]) > 0, found
        assert int(found["inference_stats"]["success"]["count"]) > 0, found


for name, run in cases:
    try:
        run()
        problem = None
    except BaseException:
        problem = traceback.format_exc(limit=-3)
    print(json.dumps({"name": name, "problem": problem}), flush=True)
