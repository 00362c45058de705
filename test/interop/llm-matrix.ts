/** Prints the matrix of clients and dialects: `npm run matrix -- [part of a client's name]`. */

import { clients } from "../support/llm-clients/clients.ts";
import { dialects, startStage, tryCell, ways } from "../support/llm-clients/matrix.ts";

const [wanted = ""] = process.argv.slice(2);
const failures: string[] = [];
let passed = 0;

await using stage = await startStage();
console.log(`${"".padEnd(50)}${ways.map((way) => way.padEnd(10)).join("")}`);
for (const client of clients.filter(({ name }) => name.includes(wanted))) {
  for (const dialect of dialects) {
    let row = `${client.name} → ${dialect}`.padEnd(50);
    for (const way of ways) {
      try {
        await tryCell(stage, { client, dialect, way });
        row += "ok".padEnd(10);
        passed += 1;
      } catch (thrown) {
        row += "FAILED".padEnd(10);
        failures.push(`${client.name} → ${dialect}, ${way}: ${(thrown as Error).stack}`);
      }
    }
    console.log(row);
  }
}
for (const failure of failures) console.log(`\n${failure}`);
console.log(`\n${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
