/** What a hook is configured as. Types only. */

/** before: the request, which no one has seen yet. after: the response, before the client. */
export type Phase = "before" | "after";

/** Where a hook is: a module of this process, or an address. */
export type HookSource =
  | {
      readonly kind: "module";
      /** Absolute. */
      readonly path: string;
    }
  | {
      readonly kind: "http";
      readonly url: string;
      /** Shown to it as a bearer token. */
      readonly token?: string;
      /** Largest decision. */
      readonly decisionBytesMax: number;
    };

/** One hook. */
export interface HookSettings {
  /** Unique; logs, metrics and errors use it. */
  readonly name: string;
  readonly source: HookSource;
  /** When it is called; absent: whenever it can be. */
  readonly phases?: readonly Phase[];
  /** Names of models as clients use them, `*` standing for any text; empty: every chat. */
  readonly models: readonly string[];
  readonly timeoutMs: number;
  /** How a chat is handled for which it fails. */
  readonly onError: "allow" | "deny";
  /** Streams are held back until it has judged them; else it sees them once they have ended. */
  readonly holds: boolean;
  /** Largest stream that is gathered for it. */
  readonly streamBytesMax: number;
}
