/**
 * A server on real ports that speaks the Open Inference Protocol as Triton does, by gRPC and over HTTP.
 * Its models compute: `half_plus_two`, and `echo`, whose output is its input.
 */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { Code, ConnectError } from "@connectrpc/connect";
import { GRPCInferenceService, type ModelInferRequest } from "#gen/inference/grpc_service_pb.js";
import { startRoutes } from "./core-server.ts";

/** What the double is like. */
export interface OipFacts {
  /** Outputs come in lists by gRPC, and in JSON over HTTP. */
  readonly inLists?: boolean;
  /** There is no repository index. */
  readonly isPlain?: boolean;
}

/** A running double. */
export interface OipDouble extends AsyncDisposable {
  /** grpc://host:port */
  readonly grpcUrl: string;
  /** http://host:port */
  readonly httpUrl: string;
  /** What was inferred: bodies of HTTP, messages of gRPC. */
  readonly bodies: Buffer[];
  /** Paths and fields of requests over HTTP, and of calls by gRPC that infer. */
  readonly heads: { readonly path: string; readonly headers: Record<string, unknown> }[];
  readonly requests: ModelInferRequest[];
  /** Models and the datatype that they take. */
  readonly models: Map<string, string>;
}

const notThere = (name: string) => `Request for unknown model: '${name}' is not found`;

/** What a model makes of elements. */
function run(model: string, datatype: string, bytes: Uint8Array): Uint8Array {
  if (model !== "half_plus_two" || datatype !== "FP32") return bytes;
  const floats = new Float32Array(new Uint8Array(bytes).buffer);
  return new Uint8Array(floats.map((value) => value / 2 + 2).buffer);
}

/** Starts a double. */
export async function startOip({
  inLists = false,
  isPlain = false,
}: OipFacts = {}): Promise<OipDouble> {
  const bodies: Buffer[] = [];
  const heads: OipDouble["heads"] = [];
  const requests: ModelInferRequest[] = [];
  const models = new Map([
    ["half_plus_two", "FP32"],
    ["echo", "INT64"],
  ]);
  const typeOf = (name: string) => {
    const datatype = models.get(name);
    if (datatype === undefined) throw new ConnectError(notThere(name), Code.NotFound);
    return datatype;
  };
  const grpc = await startRoutes((router) =>
    router.service(GRPCInferenceService, {
      serverReady: () => ({ ready: true }),
      modelReady: ({ name }) => ({ ready: models.has(name) }),
      modelMetadata({ name }) {
        const datatype = typeOf(name);
        const tensor = (one: string) => ({ name: one, datatype, shape: [-1n] });
        return { name, versions: ["1"], inputs: [tensor("x")], outputs: [tensor("y")] };
      },
      modelInfer(request, { requestHeader }) {
        heads.push({ path: "/infer", headers: Object.fromEntries(requestHeader) });
        requests.push(request);
        const datatype = typeOf(request.modelName);
        const [input] = request.inputs;
        const [raw = new Uint8Array()] = request.rawInputContents;
        const made = run(request.modelName, datatype, raw);
        const head = { name: "y", datatype, shape: input?.shape ?? [] };
        const answer = { modelName: request.modelName, modelVersion: "1" };
        if (!inLists) return { ...answer, outputs: [head], rawOutputContents: [made] };
        const contents =
          datatype === "FP32"
            ? { fp32Contents: [...new Float32Array(new Uint8Array(made).buffer)] }
            : { int64Contents: [...new BigInt64Array(new Uint8Array(made).buffer)] };
        return { ...answer, outputs: [{ ...head, contents }] };
      },
      repositoryIndex() {
        if (isPlain) throw new ConnectError("no index", Code.Unimplemented);
        return {
          models: [...models.keys()].map((name) => ({ name, version: "1", state: "READY" })),
        };
      },
    }),
  );

  const http = createServer(async (request, response) => {
    const body = await buffer(request);
    const answer = (status: number, value: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    const { pathname } = new URL(request.url ?? "", "http://double");
    heads.push({ path: pathname, headers: request.headers });
    if (pathname === "/v2") {
      return answer(200, { name: "double", extensions: inLists ? [] : ["binary_tensor_data"] });
    }
    if (pathname === "/v2/health/ready") return answer(200, {});
    if (pathname === "/v2/repository/index" && !isPlain) {
      return answer(
        200,
        [...models.keys()].map((name) => ({ name })),
      );
    }
    const [, name = "", action] =
      /^\/v2\/models\/([^/]+)(?:\/versions\/1)?(?:\/(ready|infer))?$/.exec(pathname) ?? [];
    const datatype = models.get(name);
    if (datatype === undefined)
      return answer(pathname.includes("/models/") ? 400 : 404, { error: notThere(name) });
    if (action === "ready") return answer(200, {});
    const tensor = (one: string) => ({ name: one, datatype, shape: [-1] });
    if (action === undefined) {
      return answer(200, { name, versions: ["1"], inputs: [tensor("x")], outputs: [tensor("y")] });
    }
    bodies.push(body);
    const headLength = Number(request.headers["inference-header-content-length"] ?? body.length);
    const head = JSON.parse(body.subarray(0, headLength).toString());
    const [{ shape, data }] = head.inputs;
    const output = { name: "y", datatype, shape };
    if (inLists) {
      const given = data as number[];
      const made = name === "half_plus_two" ? given.map((value) => value / 2 + 2) : given;
      // Whole numbers as they were written: JSON.parse rounds those beyond 2^53.
      const text = /"data":(\[[^\]]*\])/.exec(body.toString())?.[1] ?? "[]";
      const numbers = name === "half_plus_two" ? JSON.stringify(made) : text;
      const plain = JSON.stringify({ model_name: name, model_version: "1", outputs: [output] });
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(plain.replace("}]}", `,"data":${numbers}}]}`));
    }
    const made = Buffer.from(run(name, datatype, body.subarray(headLength)));
    const parameters = { binary_data_size: made.length };
    const json = Buffer.from(
      JSON.stringify({
        model_name: name,
        model_version: "1",
        outputs: [{ ...output, parameters }],
      }),
    );
    response.writeHead(200, { "inference-header-content-length": String(json.length) });
    return response.end(Buffer.concat([json, made]));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  return {
    grpcUrl: grpc.url.replace("http:", "grpc:"),
    httpUrl: `http://127.0.0.1:${port}`,
    bodies,
    heads,
    requests,
    models,
    async [Symbol.asyncDispose]() {
      await grpc[Symbol.asyncDispose]();
      http.closeAllConnections();
      http.close();
    },
  };
}
