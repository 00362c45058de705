/** A server that speaks the Open Inference Protocol by gRPC: Triton, KServe, OpenVINO and others. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { BackendCall, ModelRef, ModelServer, ModelStatus } from "#backends/backend.ts";
import { type LastField, lastFieldBytesMin } from "#backends/last-field.ts";
import { ModelServerChannel, type ModelServerReach } from "#backends/model-server-channel.ts";
import { insteadOf, wordsOf } from "#backends/model-server-status.ts";
import type { Clock } from "#core/clock.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { parserOf } from "#grpc-client/method.ts";
import { plainSpec } from "#inference/model-spec.ts";
import { outputsOf, specOf } from "./tensors.ts";

/** How to reach a server, and what it is known to have. */
export interface OipOptions extends ModelServerReach {
  /** Models that decide its health; without any it is healthy when it says so. */
  readonly models: readonly string[];
}

/** See ModelServer. Connects on first use. Throws TypeError when `url` is no address. */
export function createOipGrpcServer({ models, ...reach }: OipOptions, clock: Clock): ModelServer {
  const channel = new ModelServerChannel(reach);
  const { method } = GRPCInferenceService;
  const serverReady = channel.unary(method.serverReady, parserOf(method.serverReady.output));
  const modelReady = channel.unary(method.modelReady, parserOf(method.modelReady.output));
  const modelMetadata = channel.unary(method.modelMetadata, parserOf(method.modelMetadata.output));
  const index = channel.unary(method.repositoryIndex, parserOf(method.repositoryIndex.output));
  const parseOutcome = parserOf(method.modelInfer.output);
  const modelInfer = channel.unary(method.modelInfer, (bytes) => {
    const response = parseOutcome(bytes);
    return { outputs: outputsOf(response), version: response.modelVersion };
  });

  async function isReady(model: string, call: BackendCall): Promise<boolean> {
    try {
      return (await modelReady({ name: model }, call)).ready;
    } catch (thrown) {
      return insteadOf(thrown, "BACKEND_MODEL_MISSING", false);
    }
  }

  async function check(call: BackendCall): Promise<void> {
    if (models.length === 0) {
      if ((await serverReady({}, call)).ready) return;
      throw fault("BACKEND_LOST", "the server says that it is not ready");
    }
    const ready = await Promise.all(models.map((model) => isReady(model, call)));
    if (!ready.includes(true)) throw fault("BACKEND_LOST", "none of its models is ready");
  }

  return {
    kind: "oip",
    async describe(ref, call): Promise<ModelStatus> {
      const { model: name, version } = versioned(ref);
      const told = await modelMetadata({ name, version }, call, ref);
      return {
        name,
        backend: "oip",
        state: "available",
        version: version || (told.versions.at(-1) ?? ""),
        versions: told.versions.map((one) => ({ version: one, state: "available" })),
        inputs: told.inputs.map(specOf),
        outputs: told.outputs.map(specOf),
        spec: plainSpec,
      };
    },
    async listModels(call) {
      try {
        const { models: listed } = await index({ ready: true }, call);
        return [...new Set(listed.map(({ name }) => name))];
      } catch (thrown) {
        return insteadOf(thrown, "OPERATION_UNSUPPORTED", []);
      }
    },
    async infer({ inputs, ...ref }, call) {
      const { model, version } = versioned(ref);
      const startMs = clock.nowMs();
      const { last, ...contents } = contentsOf(inputs);
      const done = await modelInfer(
        {
          modelName: model,
          modelVersion: version,
          inputs: inputs.map(({ name, datatype, shape }) => ({
            name,
            datatype,
            shape: shape.map(BigInt),
          })),
          ...contents,
        },
        call,
        ref,
        last,
      );
      return { ...done, queueMs: 0, computeMs: clock.nowMs() - startMs };
    },
    async check(signal) {
      try {
        await check({ signal, requestId: "" });
      } catch (thrown) {
        // Who does not know the method has answered.
        insteadOf(thrown, "OPERATION_UNSUPPORTED", undefined);
      }
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

/** The protocol has no labels. Throws BACKEND_MODEL_MISSING for one. */
function versioned(ref: ModelRef): ModelRef {
  if (ref.label === undefined || ref.label === "") return ref;
  throw fault("BACKEND_MODEL_MISSING", `there is no ${wordsOf(ref)}`);
}

/** ModelInferRequest.raw_input_contents. */
const contentsField = 7;

/** The bytes of inputs in order, the last of them apart where they are many. */
function contentsOf(inputs: readonly NamedTensor[]): {
  readonly rawInputContents: Uint8Array[];
  readonly last?: LastField;
} {
  const all = inputs.map(({ bytes }) => bytes);
  const bytes = all.at(-1);
  if (bytes === undefined || bytes.length < lastFieldBytesMin) return { rawInputContents: all };
  const head = new BinaryWriter().tag(contentsField, WireType.LengthDelimited);
  const last = { head: head.uint32(bytes.length).finish(), bytes };
  return { rawInputContents: all.slice(0, -1), last };
}
