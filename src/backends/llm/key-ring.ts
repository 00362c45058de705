/** The keys of a provider: each call takes the next one that may be used, by a breaker for each key and model. Pure but for the clock it is given. */

import { Breaker, type BreakerOptions, type BreakerOutcome } from "#core/breaker.ts";
import type { Clock } from "#core/clock.ts";
import { bestOf, type Standing, worseOf } from "#core/fitness.ts";
import type { Reason } from "#errors/reason.ts";
import type { KeyHeader } from "./presets.ts";

const common = {
  failuresMax: 1,
  failureShare: 1,
  callsMin: Number.POSITIVE_INFINITY,
  windowMs: 10_000,
  slowStartMs: 0,
};
/** A key that was refused is left out for so long; an operator may have fixed it by then. */
const refused: BreakerOptions = { ...common, openMs: 300_000, openMsMax: 3_600_000 };
/** A limit that does not say when it ends is tried again soon. */
const limited: BreakerOptions = { ...common, openMs: 1_000, openMsMax: 120_000 };

/** Models that a key is limited for; the one that was used first goes first. */
const modelsMax = 256;

/** A key, and how it stands. */
interface Slot {
  /** Undefined for a provider without keys. */
  readonly key: string | undefined;
  /** Opens when the key is refused, or its account used up. */
  readonly whole: Breaker;
  /** Each opens when the key's limit for a model is reached. */
  readonly byModel: Map<string, Breaker>;
}

/** A key for one call. `end` is to be called once. */
export interface KeyUse {
  readonly key: string | undefined;
  /** The header that carries it, where that is not the provider's own. */
  readonly header?: KeyHeader;
  /** How the call ended; undefined: in no way that says anything of the key. */
  end(reason: Reason | "OK" | undefined, retryAfterMs?: number): void;
}

/** Keys that take turns. */
export class KeyRing {
  readonly #slots: readonly Slot[];
  readonly #clock: Clock;
  #next = 0;

  constructor(keys: readonly string[], clock: Clock) {
    const all = keys.length === 0 ? [undefined] : keys;
    this.#slots = all.map((key) => ({ key, whole: new Breaker(refused), byModel: new Map() }));
    this.#clock = clock;
  }

  /** How the keys stand for `model`: as the best of them does. */
  standing(model: string): Standing {
    const nowMs = this.#clock.nowMs();
    const fitness = bestOf(this.#slots.map((slot) => fitnessOf(slot, model, nowMs)));
    if (fitness === "fit") return { fitness, restMs: 0 };
    return {
      fitness,
      restMs: Math.min(...this.#slots.map((slot) => restMsOf(slot, model, nowMs))),
    };
  }

  /** Forgets all refusals and limits. */
  reset(): void {
    for (const { whole, byModel } of this.#slots) {
      whole.reset();
      byModel.clear();
    }
  }

  /** The next key that may be used for `model`; where none may, the one that may soonest. */
  take(model: string): KeyUse {
    const nowMs = this.#clock.nowMs();
    const count = this.#slots.length;
    for (let step = 0; step < count; step += 1) {
      const place = (this.#next + step) % count;
      const slot = this.#slots[place] as Slot;
      const fitness = fitnessOf(slot, model, nowMs);
      if (fitness !== "fit" && fitness !== "trial") continue;
      this.#next = place + 1;
      return this.#use(slot, model);
    }
    const soonest = this.#slots.toSorted(
      (one, other) => restMsOf(one, model, nowMs) - restMsOf(other, model, nowMs),
    );
    return this.#use(soonest[0] as Slot, model);
  }

  #use(slot: Slot, model: string): KeyUse {
    const beganMs = this.#clock.nowMs();
    const whole = slot.whole.begin(beganMs);
    const before = slot.byModel.get(model);
    const byModel = before?.begin(beganMs);
    return {
      key: slot.key,
      end: (reason, retryAfterMs = 0) => {
        const nowMs = this.#clock.nowMs();
        const isRefused = reason === "BACKEND_CREDENTIAL" || reason === "BACKEND_QUOTA";
        const isLimited = reason === "BACKEND_RATE_LIMITED";
        // A limit shows that the key itself is good.
        const isGood = reason === "OK" || isLimited;
        slot.whole.end(judged(isRefused, isGood), whole, nowMs);
        // Few keys are ever limited: the others have no breaker to carry along.
        const after = isLimited ? breakerFor(slot, model) : before;
        if (after === undefined) return;
        after.end(judged(isLimited, reason === "OK"), byModel ?? "usual", nowMs);
        if (isLimited && retryAfterMs > 0) after.openFor(retryAfterMs, nowMs);
      },
    };
  }
}

function judged(isBad: boolean, isGood: boolean): BreakerOutcome {
  const otherwise = isGood ? "ok" : "ignored";
  return isBad ? "failed" : otherwise;
}

function breakerFor({ byModel }: Slot, model: string): Breaker {
  const known = byModel.get(model);
  if (known !== undefined) return known;
  if (byModel.size >= modelsMax) {
    for (const oldest of byModel.keys()) {
      byModel.delete(oldest);
      break;
    }
  }
  const breaker = new Breaker(limited);
  byModel.set(model, breaker);
  return breaker;
}

function fitnessOf({ whole, byModel }: Slot, model: string, nowMs: number) {
  const own = byModel.get(model);
  const fitness = whole.fitness(nowMs);
  return own === undefined ? fitness : worseOf(fitness, own.fitness(nowMs));
}

function restMsOf({ whole, byModel }: Slot, model: string, nowMs: number): number {
  return Math.max(whole.restMs(nowMs), byModel.get(model)?.restMs(nowMs) ?? 0);
}

/** What the log may show of a key: its last four characters, none of a short one. */
export function tailOf(key: string): string {
  return key.length >= 12 ? `…${key.slice(-4)}` : "…";
}
