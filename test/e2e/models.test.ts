/** Models of a running gateway: what its log tells of them, and those that are added later. */

import { describe, expect, test } from "vitest";
import { startTestGateway } from "../support/gateway.ts";
import { gemm } from "../support/onnx-models.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function gatewayOver(files: Readonly<Record<string, string | Uint8Array>>) {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder());
  for (const [file, content] of Object.entries(files)) await folder.write(file, content);
  const gateway = opening.use(
    await startTestGateway({
      yaml: `gateway: { host: 127.0.0.1, port: 0 }\nmodels: { path: ${folder.path}, workers: 1 }`,
    }),
  );
  const owned = opening.move();
  return { folder, gateway, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("the log", () => {
  test("tells what serves, and warns of what failed to load and why", async () => {
    await using use = await gatewayOver({
      "m/1/model.onnx": gemm(),
      "broken/1/model.onnx": "not a model",
    });
    expect(await use.gateway.line(({ model }) => model === "m")).toMatchObject({
      level: "info",
      msg: "model",
      state: "available",
      version: "1",
    });
    expect(await use.gateway.line(({ model }) => model === "broken")).toMatchObject({
      level: "warn",
      msg: "model",
      state: "failed",
      error: "Protobuf parsing failed.",
    });
  });
});
