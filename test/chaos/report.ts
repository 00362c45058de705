/** What a run of a scenario says: each event and each claim, with the time since it began. */

import type { Claim, ClaimKind, Context, Mode } from "./scenario.ts";

/** One run. */
export class Report implements Context {
  readonly isShort: boolean;
  readonly isBuilt: boolean;
  readonly rate: number;
  readonly #say: (line: string) => void;
  readonly #startedMs = performance.now();
  readonly #claims: Claim[] = [];

  /** `say` is given each line as it comes. */
  constructor({ isShort, isBuilt, rate }: Mode, say: (line: string) => void) {
    this.#say = say;
    this.rate = rate;
    this.isShort = isShort;
    this.isBuilt = isBuilt;
  }

  tell(what: string): void {
    const seconds = (performance.now() - this.#startedMs) / 1_000;
    this.#say(`  ${seconds.toFixed(1).padStart(6)} s  ${what}`);
  }

  claim(name: string, measured: string | number, holds: boolean): void {
    this.#add(name, measured, holds, "exact");
  }

  timed(name: string, measured: string | number, holds: boolean): void {
    this.#add(name, measured, holds, "timed");
  }

  /** Everything is as it must be; a run that claims nothing has shown nothing. */
  holds(): boolean {
    return this.#claims.length > 0 && this.#claims.every(({ holds }) => holds);
  }

  /** Something is wrong that no other work on the machine explains. */
  isBroken(): boolean {
    return (
      this.#claims.length === 0 || this.#claims.some((one) => !one.holds && one.kind === "exact")
    );
  }

  #add(name: string, measured: string | number, holds: boolean, kind: ClaimKind): void {
    this.#claims.push({ name, measured: String(measured), holds, kind });
    this.#say(`  ${holds ? "   ok  " : "   NOT "}  ${name}: ${measured}`);
  }
}
