/**
 * A server on a real port that answers as TensorFlow Serving does, its words and codes included. Its
 * models compute: `half_plus_two`, and `echo_…` for each element type, whose output is its input.
 */

import type { SecureServerOptions } from "node:http2";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { TensorProto, TensorProtoSchema } from "#gen/tensorflow/core/framework/tensor_pb.js";
import { DataType } from "#gen/tensorflow/core/framework/types_pb.js";
import { SignatureDefMapSchema } from "#gen/tensorflow_serving/apis/get_model_metadata_pb.js";
import { ModelVersionStatus_State as State } from "#gen/tensorflow_serving/apis/get_model_status_pb.js";
import type { ModelSpec } from "#gen/tensorflow_serving/apis/model_pb.js";
import { ModelService } from "#gen/tensorflow_serving/apis/model_service_pb.js";
import type { PredictRequest } from "#gen/tensorflow_serving/apis/predict_pb.js";
import { PredictionService } from "#gen/tensorflow_serving/apis/prediction_service_pb.js";
import { startRoutes } from "./core-server.ts";

type Tensor = MessageInitShape<typeof TensorProtoSchema>;

/** A model of the double. */
export interface DoubleModel {
  /** States by version. */
  readonly versions: Map<number, State>;
  /** Versions by label. */
  readonly labels: Map<string, number>;
  /** Sizes of its input and output `x` and `y`; undefined: unknown rank. */
  shape: readonly number[] | undefined;
  readonly type: DataType;
  /** Names of inputs. */
  inputs: readonly string[];
  run(inputs: Readonly<Record<string, TensorProto>>, version: number): Record<string, Tensor>;
}

/** A call of Predict that the double received. */
export interface DoubleCall {
  readonly request: PredictRequest;
  readonly signal: AbortSignal;
  readonly timeoutMs: number | undefined;
}

/** A running double. */
export interface TensorflowDouble extends AsyncDisposable {
  /** In the form of TENSORFLOW_SERVING_URL. */
  readonly url: string;
  readonly models: Map<string, DoubleModel>;
  readonly calls: DoubleCall[];
  /** Calls of GetModelMetadata and GetModelStatus so far. */
  readonly asked: { metadata: number; status: number };
  /** What the next calls of Predict fail with. */
  readonly faults: ConnectError[];
  /** What calls of Predict wait for. */
  gate: Promise<unknown>;
}

/** The elements of a tensor of floats as the double reads them: from bytes, or from the list with its rule. */
function floatsOf(tensor: TensorProto): number[] {
  const { tensorContent, floatVal, tensorShape } = tensor;
  const count = (tensorShape?.dim ?? []).reduce((product, { size }) => product * Number(size), 1);
  if (tensorContent.length > 0) {
    const view = new DataView(tensorContent.slice().buffer);
    return Array.from({ length: count }, (_, index) => view.getFloat32(4 * index, true));
  }
  return Array.from({ length: count }, (_, index) => floatVal[index] ?? floatVal.at(-1) ?? 0);
}

/** y = x / 2 + the version + 1: version 1 is half plus two. */
export function halfPlusTwo(): DoubleModel {
  return {
    versions: new Map([[1, State.AVAILABLE]]),
    labels: new Map(),
    shape: [-1],
    type: DataType.DT_FLOAT,
    inputs: ["x"],
    run({ x }, version) {
      const { dtype = 0, tensorShape } = x ?? {};
      const floatVal = x === undefined ? [] : floatsOf(x).map((value) => value / 2 + version + 1);
      return { y: { dtype, floatVal, ...(tensorShape === undefined ? {} : { tensorShape }) } };
    },
  };
}

/** A model that gives what it was given. */
export function echo(type: DataType): DoubleModel {
  return {
    versions: new Map([[1, State.AVAILABLE]]),
    labels: new Map(),
    shape: undefined,
    type,
    inputs: ["x"],
    run: ({ x }) => (x === undefined ? {} : { y: x }),
  };
}

function failure(code: Code, message: string): ConnectError {
  return new ConnectError(message, code);
}

/** Starts a double with `half_plus_two` and what `added` names; without `tls` in clear text. */
export async function startTensorflow(
  added: Readonly<Record<string, DoubleModel>> = {},
  tls?: SecureServerOptions,
): Promise<TensorflowDouble> {
  const models = new Map(Object.entries({ half_plus_two: halfPlusTwo(), ...added }));
  const calls: DoubleCall[] = [];
  const faults: ConnectError[] = [];
  const asked = { metadata: 0, status: 0 };
  const state = { gate: Promise.resolve() as Promise<unknown> };

  /** The model of a spec in the version that it names. */
  const find = ({ name = "", versionChoice }: Partial<ModelSpec>) => {
    const model = models.get(name);
    const open = [...(model?.versions ?? [])].filter(([, one]) => one === State.AVAILABLE);
    let version = Math.max(...open.map(([number]) => number));
    if (versionChoice?.case === "versionLabel") {
      const labelled = model?.labels.get(versionChoice.value);
      if (model !== undefined && labelled === undefined) {
        const text = `Unrecognized servable version label: ${versionChoice.value}`;
        throw failure(Code.InvalidArgument, text);
      }
      version = labelled ?? version;
    } else if (versionChoice?.case === "version") {
      version = Number(versionChoice.value.value);
    }
    if (model === undefined || !open.some(([number]) => number === version)) {
      const which =
        versionChoice?.case === "version" ? `Specific(${name}, ${version})` : `Latest(${name})`;
      throw failure(Code.NotFound, `Servable not found for request: ${which}`);
    }
    return { model, version };
  };
  const specOf = (name: string, version: number) => ({
    name,
    versionChoice: { case: "version" as const, value: { value: BigInt(version) } },
    signatureName: "serving_default",
  });

  const server = await startRoutes(
    (router) => {
      router.service(PredictionService, {
        async predict(request: PredictRequest, context: HandlerContext) {
          calls.push({ request, signal: context.signal, timeoutMs: context.timeoutMs() });
          await state.gate;
          const fault = faults.shift();
          if (fault !== undefined) throw fault;
          const { name = "" } = request.modelSpec ?? {};
          const { model, version } = find(request.modelSpec ?? {});
          const given = Object.keys(request.inputs);
          const extra = given.filter((input) => !model.inputs.includes(input));
          const missing = model.inputs.filter((input) => !given.includes(input));
          if (extra.length + missing.length > 0) {
            const sizes = `${given.length}!=${model.inputs.length}`;
            const text = `input size does not match signature: ${sizes} len({${given}}) != len({${model.inputs}}). Sent extra: {${extra}}. Missing but required: {${missing}}.`;
            throw failure(Code.InvalidArgument, text);
          }
          return { outputs: model.run(request.inputs, version), modelSpec: specOf(name, version) };
        },
        getModelMetadata({ modelSpec, metadataField }) {
          asked.metadata += 1;
          if (metadataField.join() !== "signature_def") {
            throw failure(Code.InvalidArgument, "Metadata field is not supported");
          }
          const { model, version } = find(modelSpec ?? {});
          const tensorShape =
            model.shape === undefined
              ? { unknownRank: true }
              : { dim: model.shape.map((size) => ({ size: BigInt(size) })) };
          const info = (name: string) => ({ name: `${name}:0`, dtype: model.type, tensorShape });
          const signature = {
            inputs: Object.fromEntries(model.inputs.map((name) => [name, info(name)])),
            outputs: { y: info("y") },
            methodName: "tensorflow/serving/predict",
          };
          const map = create(SignatureDefMapSchema, {
            signatureDef: { serving_default: signature, __saved_model_init_op: {} },
          });
          const value = toBinary(SignatureDefMapSchema, map);
          const typeUrl = `type.googleapis.com/${SignatureDefMapSchema.typeName}`;
          return {
            modelSpec: specOf(modelSpec?.name ?? "", version),
            metadata: { signature_def: { typeUrl, value } },
          };
        },
      });
      router.service(ModelService, {
        getModelStatus({ modelSpec }) {
          asked.status += 1;
          const { name = "", versionChoice } = modelSpec ?? {};
          const wanted = versionChoice?.case === "version" ? versionChoice.value.value : undefined;
          const known = [...(models.get(name)?.versions ?? [])].filter(
            ([version]) => wanted === undefined || BigInt(version) === wanted,
          );
          if (known.length === 0) {
            throw failure(Code.NotFound, `Could not find any versions of model ${name}`);
          }
          return {
            modelVersionStatus: known.map(([version, one]) => ({
              version: BigInt(version),
              state: one,
              status: {},
            })),
          };
        },
      });
    },
    0,
    tls,
  );
  return {
    url: `127.0.0.1:${server.port}`,
    models,
    calls,
    asked,
    faults,
    get gate() {
      return state.gate;
    },
    set gate(gate) {
      state.gate = gate;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
