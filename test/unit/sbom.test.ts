/** `npm run sbom` writes a bill of materials that names every package that a production installation holds. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly peer?: boolean;
}

const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
  packages: Record<string, LockedPackage>;
};
const { dependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

/** Name and version of what is installed without development; what the machine may do without may be missing. */
const locked = Object.entries(lock.packages)
  .filter(([path, { dev, optional, peer }]) => path !== "" && !dev && !optional && !peer)
  .map(([path, { version }]) => `${path.split("node_modules/").at(-1)}@${version}`);

test("it is CycloneDX, and lists what the lock file has for production, and no tool of development", () => {
  const { stdout, status } = spawnSync("npm", ["run", "--silent", "sbom"], { encoding: "utf8" });
  expect(status).toBe(0);
  const bill = JSON.parse(stdout) as {
    bomFormat: string;
    components: { name: string; version: string }[];
  };
  expect(bill.bomFormat).toBe("CycloneDX");
  const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
  expect(locked.filter((one) => !listed.has(one))).toEqual([]);
  const names = new Set(bill.components.map(({ name }) => name));
  const declared = Object.keys({ ...dependencies, ...optionalDependencies });
  expect(declared.filter((name) => !names.has(name))).toEqual([]);
  expect(["vitest", "typescript", "@biomejs/biome"].filter((name) => names.has(name))).toEqual([]);
}, 60_000);
