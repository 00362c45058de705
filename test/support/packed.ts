/** Packages as they are published, made outside of the repository so that its own `dist` stays as it is. */

import { execFile } from "node:child_process";
import { cp, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const gatewayFiles =
  "package.json tsconfig.json tsconfig.build.json rolldown.config.ts README.md LICENSE bin src gen models proto web";

/** Environment in which the interpreter lines of npm and of commands find this Node. */
export const packedEnv: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
};

/** A package. */
export interface PackedFile {
  /** Path of the `.tgz`. */
  readonly path: string;
  /** What is in it. */
  readonly files: readonly string[];
}

/** Builds and packs the gateway, within `folder`. */
export async function packGateway(folder: string): Promise<PackedFile> {
  for (const name of gatewayFiles.split(" ")) {
    await cp(name, join(folder, name), { recursive: true });
  }
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  return packIn(folder);
}

/** Builds and packs the client for TypeScript, within `folder`. */
export async function packTypescriptClient(folder: string): Promise<PackedFile> {
  const client = join(folder, "client");
  await cp("clients/typescript", client, { recursive: true });
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  return packIn(client);
}

async function packIn(cwd: string): Promise<PackedFile> {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--json", "--silent"], {
    cwd,
    env: packedEnv,
  });
  const [tarball] = Object.values(
    JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<
      string,
      { filename: string; files: { path: string }[] }
    >,
  );
  if (tarball === undefined) throw new Error(`npm packed nothing: ${stdout}`);
  return { path: join(cwd, tarball.filename), files: tarball.files.map(({ path }) => path) };
}
