/** Opens a core by what it speaks: gRPC, HTTP with JSON, or whichever its first health check finds. */

import type { Clock } from "#core/clock.ts";
import type { ChatBackend } from "./backend.ts";
import type { TellCaller } from "./caller-headers.ts";
import { coreChat } from "./core-chat.ts";
import type { HttpCoreTask } from "./http-core/task.ts";
import {
  type CoreTransport,
  createPolyagentBackend,
  type PolyagentOptions,
} from "./polyagent/backend.ts";
import { type CoreTls, certificatesOf } from "./polyagent/wire.ts";

/** What a core speaks; `auto` finds out. */
export type CoreProtocol = "grpc" | "http" | "auto";

/** How a core is reached. */
export interface OpenCoreOptions {
  /** http:// or https:// with host and port, whatever it speaks. */
  readonly url: string;
  readonly protocol: CoreProtocol;
  /** What it is asked where it speaks HTTP. */
  readonly task: HttpCoreTask;
  /** What carries gRPC. */
  readonly transport: CoreTransport;
  readonly tls?: CoreTls;
  /** IP address to connect to, where the name in `url` is not to be looked up. */
  readonly connectTo?: string;
  /** Sends it who calls; absent: it does not learn that. */
  readonly tells?: TellCaller;
  /** Age at which a connection is replaced; absent: never. */
  readonly connectionAgeMaxMs?: number | undefined;
}

/** Largest message to and from a core over gRPC: a conversation with images. */
const messageBytesMax = 64 * 1024 * 1024;
/** Largest response over HTTP, which is text and is parsed at once. */
const responseBytesMax = 8 * 1024 * 1024;
/** Silence after which a core's connection is pinged, or a response in the middle given up. */
const keepaliveMs = 30_000;
const idleTimeoutMs = 60_000;
/** Of HTTP: connections to one core at one time, and the time to make one. */
const connectionsMax = 512;
const connectTimeoutMs = 5_000;

function grpcOptions({
  url,
  transport,
  tls,
  connectTo,
  tells,
  connectionAgeMaxMs,
}: OpenCoreOptions): PolyagentOptions {
  return {
    ...{ url, transport, messageBytesMax, keepaliveMs, connectionAgeMaxMs },
    ...(tls === undefined ? {} : { tls }),
    ...(connectTo === undefined ? {} : { connectTo }),
    ...(tells === undefined ? {} : { tells }),
  };
}

/** Who has no core over HTTP loads nothing for it. */
async function openHttp({
  url,
  task,
  tls = {},
  connectTo,
  tells,
  connectionAgeMaxMs,
}: OpenCoreOptions) {
  const { HttpCore } = await import("./http-core/backend.ts");
  const bounds = { responseBytesMax, connectionsMax };
  const { serverName } = tls;
  return new HttpCore({
    ...{ url, task, ...bounds, connectTimeoutMs, idleTimeoutMs, connectionAgeMaxMs },
    ...certificatesOf(tls),
    ...(serverName === undefined ? {} : { serverName }),
    ...(connectTo === undefined ? {} : { address: connectTo }),
    ...(tells === undefined ? {} : { tells }),
  });
}

/** Connects on first use. Rejects with the system's error when a file of `tls` cannot be read. */
export async function openCore(options: OpenCoreOptions, clock: Clock): Promise<ChatBackend> {
  switch (options.protocol) {
    case "grpc":
      return coreChat(await createPolyagentBackend(grpcOptions(options)));
    case "http":
      return await openHttp(options);
    case "auto": {
      const { RecognisedCore } = await import("./recognised-core.ts");
      const core = await createPolyagentBackend(grpcOptions(options));
      const grpc = { ...coreChat(core), serves: core.serves };
      return new RecognisedCore({ grpc, http: await openHttp(options) }, clock);
    }
  }
}
