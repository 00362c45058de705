/** What is watched, and who is notified. Types only. */

/** Body of a notice: Slack's message, or that of Alertmanager's webhook. */
export type NoticeFormat = "slack" | "alertmanager";

/** Where notices are posted. Its address and its secret are credentials. */
export interface WebhookSettings {
  /** In logs and metrics; unique. */
  readonly name: string;
  readonly url: string;
  readonly format: NoticeFormat;
  /** Signs the notices; absent: they are not signed. */
  readonly secret?: string;
  /** Whether it is notified when an alert is over. */
  readonly tellsResolved: boolean;
}

/** Above what something is an alert, and for how long it must be before anybody is notified. */
export interface Threshold {
  readonly above: number;
  readonly forMs: number;
}

/** The section `alerts`; a condition that is absent is not watched. */
export interface AlertSettings {
  readonly webhooks: readonly WebhookSettings[];
  /** What the gateway is called in notices. */
  readonly source: string;
  /** Time between two looks. */
  readonly intervalMs: number;
  /** Calls of the last so many milliseconds count. */
  readonly windowMs: number;
  /** With fewer calls in it nothing is said of errors and times. */
  readonly callsMin: number;
  /** After so long an alert that goes on is sent again. */
  readonly repeatMs: number;
  /** Share of calls that fail, 0 to 1. */
  readonly errorRate?: Threshold;
  /** Milliseconds within which 95 of 100 calls that succeed are answered. */
  readonly latency?: Threshold;
  /** Cores that fail their probes, and providers all of whose endpoints do. */
  readonly down?: { readonly forMs: number };
  /** Share of a budget that is spent, 0 to 1. */
  readonly budget?: Threshold;
}
