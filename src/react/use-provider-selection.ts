/** `useProviderSelection`: which provider the gateway would choose for a kind of work. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { RoutingCandidate } from "#gen/polygate/v1/routing_pb.js";
import { useGateway } from "./polygate-provider.tsx";

/** What the choice is bound by. */
export interface ProviderSelectionOptions {
  /** Chosen where it can be. */
  readonly preferredProvider?: string;
  /** US dollars per token. */
  readonly maxCost?: number;
  /** Milliseconds that a call takes on average. */
  readonly maxLatency?: number;
}

/** The choice. */
export interface ProviderSelection {
  /** Name of the provider; undefined until there is a choice, as all that follows. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly score: number | undefined;
  /** Why this one, in words. */
  readonly reason: string | undefined;
  /** The next best, at most three. */
  readonly alternatives: readonly RoutingCandidate[];
  readonly isLoading: boolean;
  /** Why there is no choice: a ConnectError; undefined when there is one. */
  readonly error: Error | undefined;
  /** Chooses again. Never rejects. */
  readonly selectProvider: () => Promise<void>;
}

type Choice = Omit<ProviderSelection, "selectProvider">;

const nothingYet: Choice = {
  provider: undefined,
  model: undefined,
  score: undefined,
  reason: undefined,
  alternatives: [],
  isLoading: true,
  error: undefined,
};

/** Chooses when it is mounted or asked for something else, and by `selectProvider()`. */
export function useProviderSelection(
  modelType: "chat" | "vision" | "reasoning" | "artifact" | (string & {}) = "chat",
  { preferredProvider = "", maxCost, maxLatency }: ProviderSelectionOptions = {},
): ProviderSelection {
  const gateway = useGateway();
  const [choice, setChoice] = useState(nothingYet);
  const asking = useRef<AbortController>(undefined);
  const selectProvider = useCallback(async () => {
    asking.current?.abort();
    const abort = new AbortController();
    const { signal } = abort;
    asking.current = abort;
    setChoice((before) => ({ ...before, isLoading: true }));
    const bounds = {
      ...(maxCost === undefined ? {} : { maxCost }),
      ...(maxLatency === undefined ? {} : { maxLatency }),
    };
    const request = { modelType, preferredProvider, ...bounds };
    try {
      const told = await gateway.routing.selectProvider(request, { signal });
      if (signal.aborted) return;
      const { provider, model, score, reason, alternatives } = told;
      const chosen = { provider, model, score, reason, alternatives };
      setChoice({ ...chosen, isLoading: false, error: undefined });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (!signal.aborted) setChoice({ ...nothingYet, isLoading: false, error });
    }
  }, [gateway, modelType, preferredProvider, maxCost, maxLatency]);
  useEffect(() => {
    void selectProvider();
    return () => asking.current?.abort();
  }, [selectProvider]);
  return { ...choice, selectProvider };
}
