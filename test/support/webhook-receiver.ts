/** A receiver of webhooks on a real port: keeps what it is sent, and answers as it is told. */

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** What a webhook was sent. */
export interface ReceivedNotice {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came.
  readonly body: any;
}

/** A receiver. Disposing of it cuts its connections off. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedNotice[];
  /** Statuses of the next responses, in order; then 200. */
  readonly statuses: number[];
  /** Resolves with the first notice, old or new, that `wanted` takes. */
  notice(wanted: (notice: ReceivedNotice) => boolean): Promise<ReceivedNotice>;
}

/** Starts a receiver; `path` and `location` are those of its address and of redirects. */
export async function startWebhookReceiver(
  path = "/hooks/T0/s3cret-path",
  location = "http://127.0.0.1:1/",
): Promise<WebhookReceiver> {
  const received: ReceivedNotice[] = [];
  const statuses: number[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const { url = "", headers } = request;
    received.push({ path: url, headers, text, body: JSON.parse(text) });
    const status = statuses.shift() ?? 200;
    response.writeHead(status, status >= 300 && status < 400 ? { location } : {}).end("ok");
    for (const look of waiting) look();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${path}`,
    received,
    statuses,
    async notice(wanted) {
      const { promise, resolve } = Promise.withResolvers<ReceivedNotice>();
      const look = () => {
        const found = received.find(wanted);
        if (found !== undefined) resolve(found);
      };
      waiting.add(look);
      look();
      const found = await promise;
      waiting.delete(look);
      return found;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
