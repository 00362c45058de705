/** The settings of one thread: its share of what the process may have. Pure. */

import type { Settings } from "#config/settings.ts";

/** Each of `workers` threads may have this much of a whole: together never more, and one at least. */
function shareOf(whole: number, workers: number): number {
  return Math.max(1, Math.floor(whole / workers));
}

function concurrencyShare<L extends number | { readonly min: number; readonly max: number }>(
  limit: L,
  workers: number,
): L {
  const share =
    typeof limit === "number"
      ? shareOf(limit, workers)
      : { min: shareOf(limit.min, workers), max: shareOf(limit.max, workers) };
  return share as L;
}

/** What differs from the settings of the process. */
export interface ThreadTerms {
  /** Ports that are open, in the order of the listeners. */
  readonly ports: readonly number[];
  /** Signs ids of relayed objects, and seals sessions, where the settings name no secret: the same in all threads. */
  readonly idSecret: string;
}

/** Places and memory are shared out evenly: a thread with fewest connections gets the next one, so that all fill up alike. */
export function threadSettings(settings: Settings, { ports, idSecret }: ThreadTerms): Settings {
  const { workers, listeners, relay, portal, chat, providers, modelServers } = settings;
  const { connectionsMax, connectionsPerAddressMax, bufferBytesMax } = settings;
  const share = <L extends number | { readonly min: number; readonly max: number }>(limit: L) =>
    concurrencyShare(limit, workers);
  return {
    ...settings,
    listeners: listeners.map((listener, place) => ({
      ...listener,
      port: ports[place] ?? listener.port,
    })),
    bufferBytesMax: shareOf(bufferBytesMax, workers),
    connectionsMax: shareOf(connectionsMax, workers),
    ...(connectionsPerAddressMax !== undefined && {
      connectionsPerAddressMax: shareOf(connectionsPerAddressMax, workers),
    }),
    relay: { ...relay, idSecret: relay.idSecret ?? idSecret },
    portal: { ...portal, secret: portal.secret ?? idSecret },
    chat: {
      ...chat,
      ...(chat.concurrentMax !== undefined && { concurrentMax: share(chat.concurrentMax) }),
    },
    providers: providers.map((provider) => ({
      ...provider,
      concurrentMax: share(provider.concurrentMax),
      queue: { ...provider.queue, callsMax: Math.ceil(provider.queue.callsMax / workers) },
    })),
    modelServers: modelServers.map((servers) => ({
      ...servers,
      ...(servers.concurrentMax !== undefined && { concurrentMax: share(servers.concurrentMax) }),
    })),
  };
}
