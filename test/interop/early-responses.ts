/**
 * Responses that come before their request has ended, as other languages' clients see them, and those
 * to clients that end their side first: the right status each time, of so many.
 */

import { buildGoClient, clients } from "./early/clients.ts";
import { rawTallies } from "./early/raw.ts";
import { type Tally, times, uploadsTo } from "./early/uploads.ts";
import { findCurl, findGo, findHttpx, findTool, type Tool } from "./program.ts";
import type { Report } from "./report.ts";
import type { Targets } from "./targets.ts";

/** Finds the clients, which may take a while. */
export async function findUploadClients(): Promise<Readonly<Record<keyof typeof clients, Tool>>> {
  return {
    curl: await findCurl(),
    httpx: await findHttpx(),
    go: await buildGoClient(await findGo()),
    java: findTool("java", "Java"),
  };
}

/** Runs every upload with every client, and what only bytes by hand can show. */
export async function earlyResponseCases(
  tools: Readonly<Record<keyof typeof clients, Tool>>,
  targets: Targets,
  report: Report,
): Promise<void> {
  const check = (name: string, { right, seen }: Tally) =>
    report.check(`${name}: ${right} of ${times}`, right === times ? undefined : seen);
  for (const [key, client] of Object.entries(clients)) {
    const tool = tools[key as keyof typeof clients];
    if (tool.missing !== undefined) {
      report.skip(`uploads by ${client.name}`, tool.missing);
      continue;
    }
    const uploads = uploadsTo(targets, client);
    const tallies = await client.tally(tool.path, uploads);
    for (const [index, tally] of tallies.entries()) {
      const { name = "", status } = uploads[index] ?? {};
      await check(`${client.name}, ${name}, is ${status}`, tally);
    }
  }
  for await (const { name, tally } of rawTallies(targets)) await check(name, tally);
}
