/**
 * Prints a bill of materials (CycloneDX) of what a production installation holds. npm's own
 * `--omit=dev` leaves out what tools of development need as well, such as zod; so it makes the bill of
 * all, and what it marks as development alone is taken out here.
 */

import { spawnSync } from "node:child_process";

interface Component {
  readonly "bom-ref": string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

interface Bill {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const { stdout, stderr, status } = spawnSync(
  "npm",
  ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"],
  { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
);
if (status !== 0) throw new Error(stderr);
const bill = JSON.parse(stdout) as Bill;
const isOfDevelopment = ({ properties = [] }: Component) =>
  properties.some(({ name, value }) => name === "cdx:npm:package:development" && value === "true");
const out = new Set(bill.components.filter(isOfDevelopment).map((one) => one["bom-ref"]));
const components = bill.components.filter((one) => !out.has(one["bom-ref"]));
const dependencies = bill.dependencies
  .filter(({ ref }) => !out.has(ref))
  .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((ref) => !out.has(ref)) }));
process.stdout.write(`${JSON.stringify({ ...bill, components, dependencies }, undefined, 2)}\n`);
