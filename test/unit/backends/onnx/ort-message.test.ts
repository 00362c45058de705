import { expect, test } from "vitest";
import { publicText } from "#backends/onnx/ort-message.ts";

const rows = [
  {
    name: "a path shrinks to its last part",
    message: "Load model from /srv/models/digits/1/model.onnx failed:Protobuf parsing failed.",
    text: "Load model from model.onnx failed:Protobuf parsing failed.",
  },
  {
    name: "so does one of Windows",
    message: "Load model from C:\\models\\digits\\1\\model.onnx failed.",
    text: "Load model from model.onnx failed.",
  },
  {
    name: "a source position goes",
    message: "/onnxruntime_src/onnxruntime/core/graph.cc:123 bad node",
    text: "graph.cc bad node",
  },
  { name: "only the first line stays", message: "first\n  at /a/b/c.cc:1", text: "first" },
  { name: "a quotient is no path", message: "3/4 of the axes", text: "3/4 of the axes" },
  {
    name: "operator names keep their slashes' last part",
    message: "node /layer/Conv failed",
    text: "node Conv failed",
  },
];
for (const { name, message, text } of rows) {
  test(name, () => expect(publicText(message)).toBe(text));
}

test("a long message is cut", () => {
  expect(publicText("x".repeat(1000))).toHaveLength(300);
});
