/** Prints the matrix of clients and dialects: `npm run matrix -- [part of a client's name]`. */

import { clients } from "../support/llm-clients/clients.ts";
import { dialects, tryAll, ways } from "../support/llm-clients/matrix.ts";
import { missingForPython, pythonClients } from "../support/llm-clients/python.ts";

const nameWidth = 52;
const cellWidth = 10;

const [wanted = ""] = process.argv.slice(2);
if (missingForPython !== undefined) console.log(`skipped: ${missingForPython}`);
const all = [...clients, ...(missingForPython === undefined ? pythonClients : [])];
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
