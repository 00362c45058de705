/** The program in a few files: finding and linking a thousand modules takes longer than running them. */

import { resolve } from "node:path";
import { defineConfig } from "rolldown";

interface Graph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/**
 * What each of these needs from its first line on is one file, less what an earlier one has. The entry comes
 * first: what it shares with a large file would otherwise load that file before V8 is set to loading.
 */
const files = [
  { name: "entry", entry: resolve("src/cli/main.ts") },
  { name: "serve", entry: resolve("src/cli/serve.ts") },
  { name: "gateway", entry: resolve("src/gateway.ts") },
];

/** The modules that `entry` imports, and those that they import; not what is imported when something needs it. */
function modulesOf(entry: string, graph: Graph): ReadonlySet<string> {
  const modules = new Set([entry]);
  for (const id of modules) {
    for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) modules.add(imported);
  }
  return modules;
}

let modulesByFile: readonly ReadonlySet<string>[] | undefined;

export default defineConfig({
  // The second one is the program of a thread, which is started by its address; the third is exported.
  input: {
    main: "src/cli/main.ts",
    thread: "src/workers/thread.ts",
    fastify: "src/fastify/plugin.ts",
  },
  platform: "node",
  resolve: {
    conditionNames: ["source", "node", "import", "require", "default"],
    // The plugin requires it, and cannot call what an ES module's `require` gives.
    alias: { helmet: resolve("node_modules/helmet/index.cjs") },
  },
  // Loaded when something needs them: what is native, what is greater than the program, and what would
  // bring into it more of a package that it has a part of.
  external: [
    /^(sharp|onnxruntime-node|mathjs|gpt-tokenizer|@grpc\/grpc-js|pg|ioredis)(\/|$)/,
    "@connectrpc/connect-fastify",
  ],
  output: {
    dir: "dist/cli",
    chunkFileNames: "[name]-[hash].js",
    comments: false,
    // One character beyond Latin-1 doubles what V8 keeps of its whole file.
    charset: "ascii",
    codeSplitting: {
      groups: files.map(({ name }, index) => ({
        debugName: name,
        name(id, graph) {
          modulesByFile ??= files.map((file) => modulesOf(file.entry, graph));
          return modulesByFile[index]?.has(id) && id !== files[0]?.entry ? name : null;
        },
      })),
    },
  },
});
