/**
 * Generates what clients have of the protos: `npm run clients:gen`, or `-- python go` for some
 * languages. It names the tools that are missing, and does nothing then.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generators } from "./languages.ts";
import { asBytes, clientProtos, ownFiles, serviceConfig } from "./protos.ts";
import { type Language, missingTools, toolsOf } from "./tools.ts";

const languages = Object.keys(toolsOf) as Language[];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !languages.some((language) => language === name));
const chosen = asked.length === 0 ? languages : languages.filter((name) => asked.includes(name));
const problems = [
  ...unknown.map((name) => `${name}: there is no such client (${languages.join(", ")})`),
  ...missingTools(chosen),
];
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}

const protos = clientProtos();
const scratch = mkdtempSync(join(tmpdir(), "polygate-clients-"));
const image = join(scratch, "clients.binpb");
writeFileSync(image, asBytes(protos));
try {
  for (const language of chosen) {
    generators[language]({ image, files: ownFiles(protos), policy: serviceConfig(protos) });
    console.log(`clients/${language}`);
  }
} finally {
  rmSync(scratch, { recursive: true });
}
