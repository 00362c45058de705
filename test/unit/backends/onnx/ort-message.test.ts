import { expect, test } from "vitest";
import { publicText } from "#backends/onnx/ort-message.ts";

const rows = [
  {
    name: "that a load failed, and of which file, is known already",
    message: "Load model from /srv/my models/1/model.onnx failed:Protobuf parsing failed.",
    text: "Protobuf parsing failed.",
  },
  {
    name: "a position in the source goes with its C++ signature",
    message:
      "Load model from /srv/m/1/model.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n",
    text: "Unsupported model IR version: 99, max supported IR version: 13",
  },
  {
    name: "also when the signature has a return type and templates",
    message:
      "/onnxruntime_src/core/graph/model_load_utils.h:46 void onnxruntime::utils::Validate(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, std::function<void(int)>, int) const Opset 99 (ai.onnx) is under development.",
    text: "Opset 99 (ai.onnx) is under development.",
  },
  {
    name: "or is that of a function within it",
    message:
      "/onnxruntime_src/core/providers/cpu/text/string_normalizer.cc:235 onnxruntime::StringNormalizer::Locale::Locale(const std::string&)::<lambda()> Failed to construct locale with name:en_US.UTF-8",
    text: "Failed to construct locale with name:en_US.UTF-8",
  },
  {
    name: "or says what its templates stand for",
    message:
      "/onnxruntime_src/core/providers/cpu/rnn/rnn.h:48 onnxruntime::RNN<T>::RNN(const onnxruntime::OpKernelInfo&) [with T = float] layout_ == 0 was false.",
    text: "layout_ == 0 was false.",
  },
  {
    name: "a position without a signature goes alone",
    message: "/onnxruntime_src/onnxruntime/core/graph.cc:123 bad node (Conv)",
    text: "bad node (Conv)",
  },
  {
    name: "a path shrinks to its last part",
    message: "cannot open /srv/models/digits/1/weights.bin now",
    text: "cannot open weights.bin now",
  },
  {
    name: "so does one of Windows",
    message: "cannot open C:\\models\\digits\\1\\weights.bin now",
    text: "cannot open weights.bin now",
  },
  {
    name: "the word before a path keeps its last letter",
    message: "cannot read:/srv/models/digits/1/weights.bin",
    text: "cannot read:weights.bin",
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

test("a long message is cut between two words, and says so", () => {
  expect(publicText("x".repeat(300))).toBe("x".repeat(300));
  expect(publicText("x".repeat(1000))).toBe(`${"x".repeat(299)}…`);
  const words = publicText("Conv ".repeat(100));
  expect([words.length <= 300, words.endsWith("Conv…")]).toEqual([true, true]);
});
