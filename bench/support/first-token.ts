/** Time to the first token of a stream, one stream at a time over one connection. */

import { Agent, request as requestHttp } from "node:http";
import type { Call } from "./load.ts";
import { median } from "./statistics.ts";

/** Streams that a median is taken over. */
const streams = 100;

async function once(
  agent: Agent,
  port: number,
  { path, fields, body }: Call,
  token: string,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { ...Object.fromEntries(fields), "content-length": body.length };
  const options = { agent, host: "127.0.0.1", port, path, method: "POST", headers };
  const sentMs = performance.now();
  let firstMs = Number.NaN;
  const request = requestHttp(options, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => {
      if (!Number.isNaN(firstMs)) return;
      text += chunk.toString("latin1");
      if (text.includes(token)) firstMs = performance.now() - sentMs;
    });
    response.on("error", reject);
    response.on("end", () => {
      if (response.statusCode === 200 && !Number.isNaN(firstMs)) resolve(firstMs);
      else reject(new Error(`${path} answers ${response.statusCode}: ${text}`));
    });
  });
  request.on("error", reject);
  request.end(body);
  return await promise;
}

/** Milliseconds from sending a request to the first piece of its stream that holds `token`: the median of many. */
export async function firstTokenMs(port: number, call: Call, token: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const taken: number[] = [];
    for (let stream = 0; stream < streams; stream += 1) {
      taken.push(await once(agent, port, call, token));
    }
    return median(taken);
  } finally {
    agent.destroy();
  }
}
