/** The way to the gateway's services, and what each response says of the connection and the session. */

import { createConnectTransport } from "@connectrpc/connect-web";
import { QueryClient } from "@tanstack/react-query";
import { portalHeader, servicesUrl } from "#web/data/base.ts";
import { connectionHeld, connectionLost, onceBack } from "#web/data/connection.ts";
import { session, sessionRefused } from "#web/data/session.ts";

const proxyStatuses: readonly number[] = [502, 503, 504];

/** fetch, watched: a proxy that stands alone is a gateway that does not answer. */
const watchedFetch: typeof fetch = async (input, init) => {
  const headers = new Headers(init?.headers);
  for (const [name, value] of Object.entries(portalHeader)) headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(input, { ...init, headers });
  } catch (error) {
    if (init?.signal?.aborted !== true) connectionLost();
    throw error;
  }
  const isGateway = response.headers.has("x-request-id");
  if (proxyStatuses.includes(response.status) && !isGateway) connectionLost();
  else connectionHeld();
  if (response.status === 401) sessionRefused();
  return response;
};

export const transport = createConnectTransport({
  baseUrl: servicesUrl,
  useBinaryFormat: true,
  useHttpGet: true,
  fetch: watchedFetch,
});

/** What was read of the gateway. Nothing is retried here: the pause after a loss is the connection's. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: false, networkMode: "always", staleTime: 2000, refetchOnReconnect: false },
    mutations: { networkMode: "always" },
  },
});

const readAgain = () => void queryClient.invalidateQueries();
onceBack(readAgain);
session.subscribe(() => {
  const { state } = session.get();
  if (state === "in") readAgain();
  if (state === "out") queryClient.clear();
});
