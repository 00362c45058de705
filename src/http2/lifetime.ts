/** When a connection has to act by itself: time-outs, liveness, age. Pure: it is given the time. */

import { type ErrorCode, errorCode } from "./error-code.ts";
import type { ConnectionLimits } from "./limits.ts";

/** What is due. */
export type Due =
  /** The peer has kept us waiting for too long. */
  | { readonly kind: "fail"; readonly code: ErrorCode; readonly debug: string }
  /** The peer is silent: ask with a PING. */
  | { readonly kind: "ask" }
  /** The connection is old or idle. */
  | { readonly kind: "drain"; readonly reason: string }
  /** The drain's PING stayed unanswered: go on without. */
  | { readonly kind: "finish_drain" };

/** Time between the two GOAWAYs of a drain, when the PING between them stays without response. */
const drainStepMs = 5_000;
/** The same for a peer that has sent nothing. */
const drainSilenceMs = 1_000;

/** The times of one connection; undefined stands for what is not in progress. */
export class Lifetime {
  readonly #limits: ConnectionLimits;
  readonly #isServer: boolean;
  readonly #createdMs: number;
  /** Now, as last reported. */
  nowMs: number;
  /** When the peer was last heard. */
  heardMs: number;
  /** The peer's first SETTINGS have come. */
  established = false;
  /** Since when SETTINGS of this project wait for their acknowledgement. */
  settingsSentMs: number | undefined;
  /** Since when a header block is open. */
  blockStartedMs: number | undefined;
  /** Since when no stream is open. */
  idleSinceMs: number | undefined;
  /** When the drain's first GOAWAY was sent. */
  drainStartedMs: number | undefined;
  #askedMs: number | undefined;

  constructor(limits: ConnectionLimits, isServer: boolean, nowMs: number) {
    this.#limits = limits;
    this.#isServer = isServer;
    this.#createdMs = this.nowMs = this.heardMs = this.idleSinceMs = nowMs;
  }

  /** The one thing that is due now, the gravest first. What it asks for counts as done. */
  due(): Due | undefined {
    return this.#timeout() ?? this.#silence() ?? this.#retirement();
  }

  #isPast(sinceMs: number | undefined, limitMs: number): boolean {
    return sinceMs !== undefined && this.nowMs - sinceMs >= limitMs;
  }

  #timeout(): Due | undefined {
    const { handshakeTimeoutMs, settingsTimeoutMs, headerTimeoutMs } = this.#limits;
    if (!this.established && this.#isPast(this.#createdMs, handshakeTimeoutMs)) {
      return { kind: "fail", code: errorCode.settingsTimeout, debug: "handshake_timeout" };
    }
    if (this.#isPast(this.settingsSentMs, settingsTimeoutMs)) {
      return { kind: "fail", code: errorCode.settingsTimeout, debug: "settings_timeout" };
    }
    if (this.#isPast(this.blockStartedMs, headerTimeoutMs)) {
      return { kind: "fail", code: errorCode.enhanceYourCalm, debug: "header_timeout" };
    }
    return undefined;
  }

  /** Whatever frame comes counts as life. */
  #silence(): Due | undefined {
    const { keepAliveMs, keepAliveTimeoutMs } = this.#limits;
    if (keepAliveMs === 0) return undefined;
    if (this.#askedMs !== undefined && this.heardMs < this.#askedMs) {
      if (!this.#isPast(this.#askedMs, keepAliveTimeoutMs)) return undefined;
      return { kind: "fail", code: errorCode.noError, debug: "keepalive_timeout" };
    }
    const asks = this.#isServer || this.idleSinceMs === undefined;
    this.#askedMs = asks && this.#isPast(this.heardMs, keepAliveMs) ? this.nowMs : undefined;
    return this.#askedMs === undefined ? undefined : { kind: "ask" };
  }

  #retirement(): Due | undefined {
    const { ageMaxMs, idleTimeoutMs } = this.#limits;
    if (this.drainStartedMs !== undefined) {
      const waitMs = this.established ? drainStepMs : drainSilenceMs;
      return this.#isPast(this.drainStartedMs, waitMs) ? { kind: "finish_drain" } : undefined;
    }
    if (ageMaxMs > 0 && this.#isPast(this.#createdMs, ageMaxMs)) {
      return { kind: "drain", reason: "max_age" };
    }
    if (idleTimeoutMs > 0 && this.#isPast(this.idleSinceMs, idleTimeoutMs)) {
      return { kind: "drain", reason: "max_idle" };
    }
    return undefined;
  }
}
