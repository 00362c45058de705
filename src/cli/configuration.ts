/** Where the settings of `serve` come from: read at the start, and again whenever somebody asks. */

import { loadSettings, type Outside } from "#config/load.ts";
import type { Settings } from "#config/settings.ts";
import { sourceFacts } from "#config/source-facts.ts";
import { systemClock } from "#core/clock.ts";
import type { ConfigurationSource, Reading } from "#reload/reloads.ts";

/** Settings to start with, and their source. */
export interface Configuration {
  readonly settings: Settings;
  readonly source: ConfigurationSource;
}

/** One reading. What was read before is read without waiting for anything. */
function readingOf(outside: Outside, again: boolean): Reading {
  const wallMs = systemClock.wallMs();
  const { sources, ...loaded } = loadSettings(outside, { again });
  return { ...loaded, facts: sourceFacts(sources, wallMs) };
}

/** Reads the settings of these surroundings; problems where there are some. */
export function readConfiguration(
  outside: Outside,
): Configuration | Extract<Reading, { readonly ok: false }> {
  const reading = readingOf(outside, false);
  if (!reading.ok) return reading;
  const { settings, facts: started } = reading;
  return { settings, source: { started, read: () => readingOf(outside, true) } };
}
