/** A server that speaks the Open Inference Protocol over HTTP. */

import type { BackendCall, ModelRef, ModelServer } from "#backends/backend.ts";
import { insteadOf, wordsOf } from "#backends/model-server-status.ts";
import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { plainSpec } from "#inference/model-spec.ts";
import type { OipOptions } from "./grpc-server.ts";
import { RestChannel, understood } from "./rest-channel.ts";
import {
  binaryRequest,
  headLengthHeader,
  jsonRequest,
  readMetadata,
  readNames,
  readOutcome,
  readTakesBytes,
} from "./rest-wire.ts";

async function takesBytes(channel: RestChannel, call: BackendCall): Promise<boolean> {
  try {
    const { body } = await channel.ask({ method: "GET", path: "" }, call);
    return understood(body, readTakesBytes);
  } catch (thrown) {
    return insteadOf(thrown, "BACKEND_MODEL_MISSING", false);
  }
}

async function isReady(channel: RestChannel, model: string, call: BackendCall): Promise<boolean> {
  const ref = { model, version: "" };
  try {
    await channel.ask({ method: "GET", path: `${pathOf(ref)}/ready`, ref }, call);
    return true;
  } catch (thrown) {
    return insteadOf(thrown, "BACKEND_MODEL_MISSING", false);
  }
}

/** See ModelServer. Throws TypeError when `url` is no address. */
export function createOipRestServer({ models, ...reach }: OipOptions, clock: Clock): ModelServer {
  const channel = new RestChannel(reach);
  /** Whether tensors travel as bytes; undefined until the server was asked. */
  let isBinary: boolean | undefined;
  return {
    kind: "oip",
    async describe(ref, call) {
      const { body } = await channel.ask({ method: "GET", path: pathOf(ref), ref }, call);
      const { versions, inputs, outputs } = understood(body, readMetadata);
      return {
        name: ref.model,
        backend: "oip",
        state: "available",
        version: ref.version || (versions.at(-1) ?? ""),
        versions: versions.map((version) => ({ version, state: "available" as const })),
        inputs,
        outputs,
        spec: plainSpec,
      };
    },
    async listModels(call) {
      const body = Buffer.from('{"ready":true}');
      const send = { body, headers: { "content-type": "application/json" } };
      try {
        const asked = { method: "POST", path: "/repository/index", send } as const;
        return understood((await channel.ask(asked, call)).body, readNames);
      } catch (thrown) {
        // Not every server has an index.
        return insteadOf(thrown, "BACKEND_MODEL_MISSING", []);
      }
    },
    async infer({ inputs, ...ref }, call) {
      const startMs = clock.nowMs();
      isBinary ??= await takesBytes(channel, call);
      const send = isBinary ? binaryRequest(inputs) : jsonRequest(inputs);
      const path = `${pathOf(ref)}/infer`;
      const { body, headers } = await channel.ask({ method: "POST", path, send, ref }, call);
      const head = headers[headLengthHeader];
      const headLength = head === undefined ? undefined : Number(head);
      const done = understood(body, (bytes) => readOutcome(bytes, headLength));
      return { ...done, queueMs: 0, computeMs: clock.nowMs() - startMs };
    },
    async check(signal) {
      const call = { signal, requestId: "" };
      isBinary = await takesBytes(channel, call);
      if (models.length === 0) {
        await channel.ask({ method: "GET", path: "/health/ready" }, call);
        return;
      }
      const ready = await Promise.all(models.map((model) => isReady(channel, model, call)));
      if (!ready.includes(true)) throw fault("BACKEND_LOST", "none of its models is ready");
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

/** The path of a model's version. Throws BACKEND_MODEL_MISSING for a label: the protocol has none. */
function pathOf(ref: ModelRef): string {
  const { model, version, label = "" } = ref;
  if (label !== "") throw fault("BACKEND_MODEL_MISSING", `there is no ${wordsOf(ref)}`);
  const path = `/models/${encodeURIComponent(model)}`;
  return version === "" ? path : `${path}/versions/${encodeURIComponent(version)}`;
}
