/** What routes are configured as. Types and their words. */

import type { RouteStrategy } from "#routing/strategy-route.ts";
import type { FallbackClass } from "#routing/tree.ts";

/** What models may be for, by the names that selections use. */
export const modelTypes = ["chat", "vision", "reasoning", "artifact"] as const;

/** One of them. */
export type ModelType = (typeof modelTypes)[number];

/** A provider and one of its models. */
export interface RouteTargetSettings {
  readonly provider: string;
  /** The provider's default when absent. */
  readonly model?: string;
  readonly weight: number;
}

/** Calls that go on when their clients have left. */
export interface DrainSettings {
  /** How long each of them may. */
  readonly timeMs: number;
  /** How many may at one time. */
  readonly callsMax: number;
}

/** What every route may have. */
interface RouteTerms {
  /** Absent: the calls of clients that leave are cancelled. */
  readonly drain?: DrainSettings;
  /** Where copies of a share of its chats go, from 0 to 1. */
  readonly mirror?: { readonly child: RouteSettings; readonly share: number };
  /** Silence after which a second endpoint is asked in addition to the first. */
  readonly hedgeMs?: number;
  /** What its models are for: a selection of such a type asks this route. */
  readonly types?: readonly ModelType[];
}

/** A node of a route tree. */
export type RouteSettings =
  | ({
      readonly kind: "strategy";
      readonly strategy: RouteStrategy;
      readonly targets: readonly RouteTargetSettings[];
      readonly hasAffinity: boolean;
      /** What tells sessions apart, in this order. */
      readonly affinity?: readonly string[];
      readonly latencyMsMax?: number;
      readonly costMax?: number;
    } & RouteTerms)
  | ({
      readonly kind: "fallback";
      readonly steps: readonly FallbackStepSettings[];
      /** Failures after which it goes on, where a step does not name its own. */
      readonly on?: readonly FallbackClass[];
    } & RouteTerms)
  | ({
      readonly kind: "split";
      readonly shares: readonly { readonly weight: number; readonly child: RouteSettings }[];
    } & RouteTerms)
  | { readonly kind: "reference"; readonly to: string };

/** A step of a fallback. */
export interface FallbackStepSettings {
  readonly child: RouteSettings;
  /** Failures after which this step is asked. */
  readonly on?: readonly FallbackClass[];
}
