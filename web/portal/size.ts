/** Prints what a browser loads of the built portal, page by page, and fails where a budget is passed. */

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Bytes after gzip. */
const budgets = { shellJs: 120_000, firstLoadJs: 150_000, css: 10_000 };

/** What Vite tells of one source that begins a file. */
interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
}

type Manifest = Readonly<Record<string, Chunk>>;

/** Where `npm run build:portal` puts it. */
const builtFolder = fileURLToPath(new URL("../../dist/portal", import.meta.url));

/** All that is loaded before `source` runs. */
function filesOf(manifest: Manifest, source: string, seen: Set<string>): Set<string> {
  const chunk = manifest[source];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const style of chunk.css ?? []) seen.add(style);
  for (const imported of chunk.imports ?? []) filesOf(manifest, imported, seen);
  return seen;
}

/** One line of the report. */
export interface SizeLine {
  readonly name: string;
  readonly bytes: number;
  readonly budget: number;
}

/** The shell, the first load of each page, and the style sheets of the greatest, as built in `folder`. */
export function portalSizes(folder: string): readonly SizeLine[] {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, ".vite/manifest.json"), "utf8"));
  const sizeOf = (files: Iterable<string>, ending: string) =>
    [...files]
      .filter((file) => file.endsWith(ending))
      .reduce((sum, file) => sum + statSync(join(folder, `${file}.gz`)).size, 0);
  const entry = Object.keys(manifest).find((source) => manifest[source]?.isEntry === true) ?? "";
  const shell = filesOf(manifest, entry, new Set());
  const loads = (manifest[entry]?.dynamicImports ?? []).map((source) => ({
    source,
    files: filesOf(manifest, source, new Set(shell)),
  }));
  return [
    { name: "shell, JavaScript", bytes: sizeOf(shell, ".js"), budget: budgets.shellJs },
    ...loads.map(({ source, files }) => ({
      name: `first load of ${source}, JavaScript`,
      bytes: sizeOf(files, ".js"),
      budget: budgets.firstLoadJs,
    })),
    {
      name: "greatest first load, style sheets",
      bytes: Math.max(...loads.map(({ files }) => sizeOf(files, ".css"))),
      budget: budgets.css,
    },
  ];
}

function print(): void {
  const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1).padStart(6);
  for (const { name, bytes, budget } of portalSizes(builtFolder)) {
    const verdict = bytes <= budget ? "ok" : "TOO LARGE";
    process.stdout.write(`${kilobytes(bytes)} of ${kilobytes(budget)} kB  ${name}: ${verdict}\n`);
    if (bytes > budget) process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) print();
