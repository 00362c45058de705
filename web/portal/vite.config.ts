/** How the portal is built: relative addresses, a file per page, and each file compressed beside itself. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { leanDescriptors } from "./lean-descriptors.ts";

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const output = folder("../../dist/portal");

let written = output;

/** Writes `.gz` and `.br` beside what compresses: a server need not do it for each answer. */
const compressed: Plugin = {
  name: "compressed",
  configResolved({ build }) {
    written = build.outDir;
  },
  closeBundle() {
    for (const name of readdirSync(written, { recursive: true, encoding: "utf8" })) {
      if (!/\.(js|css|html|svg)$/.test(name)) continue;
      const bytes = readFileSync(join(written, name));
      writeFileSync(join(written, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
      writeFileSync(join(written, `${name}.br`), brotliCompressSync(bytes, { params }));
    }
  },
};

export default defineConfig({
  root: folder("."),
  base: "./",
  plugins: [react(), leanDescriptors, compressed],
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // What every page stands on; it stays in a browser's cache from version to version.
            { name: "libraries", test: /node_modules\/(?!uplot)/ },
          ],
        },
      },
    },
  },
});
