/** Opens a channel to a server that the configuration names: a core, or a server of models. */

import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { GrpcChannel } from "#grpc-client/channel.ts";
import type { CoreAddress } from "./polyagent/address.ts";
import { type CoreTls, certificatesOf, reconnectPauseMsMax } from "./polyagent/wire.ts";

/** How a server is reached. */
export interface ChannelReach {
  readonly address: CoreAddress;
  /** How an encrypted server is trusted; by the machine's authorities when absent. */
  readonly tls?: CoreTls | undefined;
  /** Greatest message in either direction, in bytes. */
  readonly messageBytesMax: number;
  /** Silence on a connection with calls after which it is pinged, in milliseconds. */
  readonly keepaliveMs: number;
  /** Age at which a connection is replaced; absent: never. */
  readonly connectionAgeMaxMs?: number | undefined;
}

/** Connects on first use, and again whenever needed. Throws the system's error when a certificate cannot be read. */
export function openGrpcChannel({
  address,
  tls = {},
  messageBytesMax,
  keepaliveMs,
  connectionAgeMaxMs,
}: ChannelReach): GrpcChannel {
  const { serverName } = tls;
  const name = serverName === undefined ? {} : { serverName };
  return new GrpcChannel(
    {
      host: address.host,
      port: address.port,
      authority: address.authority,
      messageBytesMax,
      connectionAgeMaxMs,
      limits: { keepAliveMs: keepaliveMs },
      reconnectPauseMsMax,
      ...(address.tls ? { tls: { ...certificatesOf(tls), ...name } } : {}),
    },
    systemClock,
    systemRng,
  );
}
