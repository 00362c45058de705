/** Prints the matrix of clients and dialects: `npm run matrix -- [part of a client's name]`. */

import type { LlmClient } from "../support/llm-clients/client.ts";
import { clients } from "../support/llm-clients/clients.ts";
import { dialects, tryAll, ways } from "../support/llm-clients/matrix.ts";
import {
  missingForMorePython,
  missingForPython,
  morePythonClients,
  pythonClients,
} from "../support/llm-clients/python.ts";

const nameWidth = 52;
const cellWidth = 10;

const [wanted = ""] = process.argv.slice(2);
/** What can be run; what is missing for the rest is said. */
function unless(missing: string | undefined, those: readonly LlmClient[]): readonly LlmClient[] {
  if (missing === undefined) return those;
  console.log(`skipped: ${missing}`);
  return [];
}

const inPython = unless(missingForPython, pythonClients);
const more = inPython.length === 0 ? [] : unless(missingForMorePython(), morePythonClients);
const all = [...clients, ...inPython, ...more];
const cells = await tryAll(all.filter(({ name }) => name.includes(wanted)));
const failed = cells.filter(({ thrown }) => thrown !== undefined);

console.log(`${"".padEnd(nameWidth)}${ways.map((way) => way.padEnd(cellWidth)).join("")}`);
for (const client of new Set(cells.map((cell) => cell.client))) {
  for (const dialect of dialects) {
    const row = cells.filter((cell) => cell.client === client && cell.dialect === dialect);
    const words = row.map(({ thrown }) => (thrown === undefined ? "ok" : "FAILED"));
    const name = `${client.name} → ${dialect}`.padEnd(nameWidth);
    console.log(name + words.map((word) => word.padEnd(cellWidth)).join(""));
  }
}
for (const { client, dialect, way, thrown } of failed) {
  console.log(`\n${client.name} → ${dialect}, ${way}: ${(thrown as Error).stack}`);
}
console.log(`\n${cells.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
