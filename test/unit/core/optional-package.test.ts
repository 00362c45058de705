import { expect, test } from "vitest";
import { optionalPackage } from "../../../src/core/optional-package.ts";
import { reasonOf } from "../../../src/errors/fault.ts";
import { faultFrom } from "../../../src/errors/from-unknown.ts";

function loading(cause: Error) {
  const load = () => Promise.reject<ReturnType<typeof faultFrom>>(cause);
  return optionalPackage("onnxruntime-node", load).catch(faultFrom);
}

test("what loads is given as it is", async () => {
  expect(await optionalPackage("sharp", async () => "loaded")).toBe("loaded");
});

test("one that is not installed is named, with the command that installs it", async () => {
  const cause = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  const error = await loading(cause);
  expect(error).toMatchObject({
    rawMessage:
      "onnxruntime-node, which runs ONNX models, is not installed: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node",
    cause,
  });
  expect(reasonOf(error)).toBe("PACKAGE_MISSING");
});

test("one that has no build for this platform is not told to be installed", async () => {
  const cause = Object.assign(new Error("/lib/libc.so: no"), { code: "ERR_DLOPEN_FAILED" });
  expect(await loading(cause)).toMatchObject({
    rawMessage: `onnxruntime-node, which runs ONNX models, does not load on ${process.platform} ${process.arch}`,
  });
});
