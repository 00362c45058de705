/** What an attack is: bytes that a hostile client sends, and the gateway that they are sent to. */

import type { Target } from "./target.ts";

/** One way to make a gateway hold, compute or wait for too much. */
export interface Attack {
  readonly name: string;
  /** What is sent, in a line. */
  readonly about: string;
  /** The gateway's configuration; the default one when absent. */
  readonly yaml?: string;
  /** The bystander asks over a new connection each time, because connections are what is attacked. */
  readonly asksAnew?: boolean;
  /** Nobody reads the gateway's log. */
  readonly logIsUnread?: boolean;
  /**
   * Attacks until the target says that time is up; a refusal is followed by the next attempt, as
   * with a real attacker. Resolves with what went wrong beside memory and time, if anything did.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: most attacks have nothing to report
  run(target: Target): Promise<string | void>;
}
