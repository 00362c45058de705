/** Which gateway hooks and dashboard ask: the page's own origin, unless a provider names another. */

import type { Interceptor, Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { GatewayStore } from "./gateway-store.ts";

/** Props of `PolygateProvider`. */
export interface PolygateProviderProps {
  /** Where the gateway is; the page's own origin when absent. */
  readonly baseUrl?: string;
  /** Headers of every call, such as `authorization`. Read when a call is made. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A transport of Connect, in place of both. It should stay the same over renders. */
  readonly transport?: Transport;
  readonly children?: ReactNode;
}

const Gateway = createContext<GatewayStore | undefined>(undefined);

/** The gateway of this page's origin, made when it is first needed: there is none on a server. */
let ownStore: GatewayStore | undefined;

function transportTo(
  baseUrl: string,
  headersOf: () => Readonly<Record<string, string>>,
): Transport {
  const withHeaders: Interceptor = (next) => (request) => {
    for (const [name, value] of Object.entries(headersOf())) request.header.set(name, value);
    return next(request);
  };
  return createConnectTransport({ baseUrl, interceptors: [withHeaders], useHttpGet: true });
}

/** The headers of the latest render, for calls that are made later. */
class LatestHeaders {
  current: Readonly<Record<string, string>> = {};
}

/** Has the hooks and dashboards below it ask another gateway. They need none for the page's own. */
export function PolygateProvider(props: PolygateProviderProps): ReactNode {
  const { baseUrl = "/", headers, transport, children } = props;
  const [latest] = useState(() => new LatestHeaders());
  useEffect(() => {
    latest.current = headers ?? {};
  }, [latest, headers]);
  const [made, setMade] = useState(() => madeOf(baseUrl, transport, latest));
  // Another gateway begins with nothing known.
  if (made.baseUrl !== baseUrl || made.transport !== transport) {
    setMade(madeOf(baseUrl, transport, latest));
  }
  return <Gateway value={made.store}>{children}</Gateway>;
}

function madeOf(baseUrl: string, transport: Transport | undefined, latest: LatestHeaders) {
  const store = new GatewayStore(transport ?? transportTo(baseUrl, () => latest.current));
  return { baseUrl, transport, store };
}

/** The store of the gateway that is asked here. */
export function useGateway(): GatewayStore {
  const given = useContext(Gateway);
  if (given !== undefined) return given;
  ownStore ??= new GatewayStore(transportTo("/", () => ({})));
  return ownStore;
}
