/** A real browser, where the machine has one. */

import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Why there is no browser; undefined when there is one. */
export const noChromium = existsSync(executablePath) ? undefined : `${executablePath} is not there`;

/** Starts it, with a profile of its own and without talk to the outside. */
export function launchChromium(): Promise<Browser> {
  const args =
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
  return chromium.launch({ executablePath, args: args.split(" ") });
}
