/** The program in a few files: finding and linking a thousand modules takes longer than running them. */

import { defineConfig } from "rolldown";

export default defineConfig({
  input: { main: "src/cli/main.ts" },
  platform: "node",
  resolve: { conditionNames: ["source", "node", "import", "require", "default"] },
  // Loaded when something needs them: what is native, and what is greater than the program.
  external: [/^(sharp|onnxruntime-node|mathjs|gpt-tokenizer|@grpc\/grpc-js|pg)(\/|$)/],
  output: {
    dir: "dist/cli",
    chunkFileNames: "[name]-[hash].js",
    comments: false,
    // One character beyond Latin-1 doubles what V8 keeps of its whole file.
    charset: "ascii",
  },
});
