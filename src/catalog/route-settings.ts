/** What routes are configured as. Types only. */

import type { RouteStrategy } from "#routing/strategy-route.ts";
import type { FallbackClass } from "#routing/tree.ts";

/** A provider and one of its models. */
export interface RouteTargetSettings {
  readonly provider: string;
  /** The provider's default when absent. */
  readonly model?: string;
  readonly weight: number;
}

/** What every route may have. */
interface RouteTerms {
  /** Silence after which a second endpoint is asked beside the first. */
  readonly hedgeMs?: number;
}

/** A node of a route tree. */
export type RouteSettings =
  | ({
      readonly kind: "strategy";
      readonly strategy: RouteStrategy;
      readonly targets: readonly RouteTargetSettings[];
      readonly hasAffinity: boolean;
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
