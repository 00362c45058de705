/** What a scenario is: something is broken under load, and a line says what must hold meanwhile. */

/** Whether a claim holds however busy the machine is, or may be measured again. */
export type ClaimKind = "exact" | "timed";

/** Something that was measured, and whether it is as it must be. */
export interface Claim {
  readonly name: string;
  readonly measured: string;
  readonly holds: boolean;
  readonly kind: ClaimKind;
}

/** How a run goes. */
export interface Mode {
  /** Seconds in place of minutes. */
  readonly isShort: boolean;
  /** Runs what `npm run build` made, in place of the source. */
  readonly isBuilt: boolean;
  /** Share of the load: less than 1 where the machine has other work. */
  readonly rate: number;
}

/** What a scenario is given. */
export interface Context extends Mode {
  /** Says what happens now: the load, what is broken, what is mended. */
  tell(what: string): void;
  /** Something that must hold on any machine: a count, an order, a state. */
  claim(name: string, measured: string | number, holds: boolean): void;
  /** Something that other work on the machine may spoil: a time, or memory. */
  timed(name: string, measured: string | number, holds: boolean): void;
}

/** One row of docs/design/chaos.md. */
export interface Scenario {
  /** As the command names it, such as `3b`. */
  readonly number: string;
  readonly name: string;
  readonly passesWhen: string;
  /** It measures times or memory, which others beside it would spoil. */
  readonly isTimed: boolean;
  run(context: Context): Promise<void>;
}

/** Thrown by a scenario that cannot be run: neither passed nor failed. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}
