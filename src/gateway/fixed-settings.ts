/** Settings that hold as long as the process lives. */

import { isDeepStrictEqual } from "node:util";
import type { Settings } from "#config/settings.ts";

/** A setting that holds as long as the process lives is not what it was. */
class FixedSettingError extends Error {
  override readonly name = "FixedSettingError";
}

/** Settings that the process has taken over when it started, with what each is called. */
const fixed: readonly (readonly [name: string, of: (settings: Settings) => unknown])[] = [
  ["workers", ({ workers }) => workers],
  ["listeners", ({ listeners }) => listeners],
  ["gateway.buffer_limit", ({ bufferBytesMax }) => bufferBytesMax],
  ["gateway.connections_max", ({ connectionsMax }) => connectionsMax],
  ["gateway.connections_per_address", ({ connectionsPerAddressMax }) => connectionsPerAddressMax],
  ["audit", ({ audit }) => audit],
  ["tracing", ({ tracing }) => tracing],
  ["overload", ({ overload }) => overload],
  ["logging", ({ logging: { routing: _, ...rest } }) => rest],
  ["requests", ({ requests: { captureBytesMax: _, ...rest } }) => rest],
  ["history", ({ history }) => history],
  ["auth.key_store", ({ keyStore }) => keyStore],
  ["uploads", ({ uploads }) => uploads],
];

/** Throws FixedSettingError, with all their names, for settings that cannot change any more. */
export function requireFixed(before: Settings, next: Settings): void {
  const changed = fixed.filter(([, of]) => !isDeepStrictEqual(of(before), of(next)));
  if (changed.length === 0) return;
  const names = changed.map(([name]) => name).join(", ");
  throw new FixedSettingError(`${names}: the process has to start again to take this over`);
}
