/** Settings that hold as long as the process lives. */

import { isDeepStrictEqual } from "node:util";
import type { ListenerSettings, Settings } from "#config/settings.ts";

/** A setting that holds as long as the process lives is not what it was. */
class FixedSettingError extends Error {
  override readonly name = "FixedSettingError";
}

/** What a port and its connections are made of; all else of a listener belongs to what it serves. */
function socketOf({ cors: _cors, json: _json, allowedHosts: _hosts, ...socket }: ListenerSettings) {
  return socket;
}

/** Settings that the process has taken over when it started, with what each is called. */
const fixed: readonly (readonly [name: string, of: (settings: Settings) => unknown])[] = [
  ["workers", ({ workers }) => workers],
  ["listeners", ({ listeners }) => listeners.map(socketOf)],
  ["gateway.buffer_limit", ({ bufferBytesMax }) => bufferBytesMax],
  ["gateway.connections_max", ({ connectionsMax }) => connectionsMax],
  ["gateway.connections_per_address", ({ connectionsPerAddressMax }) => connectionsPerAddressMax],
  ["audit", ({ audit }) => audit],
  ["tracing", ({ tracing }) => tracing],
  ["overload", ({ overload }) => overload],
  ["logging", ({ logging: { format, output } }) => ({ format, output })],
  ["requests", ({ requests: { captureBytesMax: _, ...rest } }) => rest],
  ["history", ({ history }) => history],
  ["auth.key_store", ({ keyStore }) => keyStore],
  ["uploads", ({ uploads }) => uploads],
];

/** Names of settings that differ and cannot change any more. */
export function fixedChanges(before: Settings, next: Settings): readonly string[] {
  return fixed.filter(([, of]) => !isDeepStrictEqual(of(before), of(next))).map(([name]) => name);
}

/** Throws FixedSettingError, with all their names, for settings that cannot change any more. */
export function requireFixed(before: Settings, next: Settings): void {
  const names = fixedChanges(before, next);
  if (names.length === 0) return;
  throw new FixedSettingError(
    `${names.join(", ")}: the process has to start again to take this over`,
  );
}
