/** Transports of real clients to a gateway: gRPC and Connect, with a key. */

import type { Interceptor, Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";

const withKey =
  (key: string): Interceptor =>
  (next) =>
  (request) => {
    if (key !== "") request.header.set("authorization", `Bearer ${key}`);
    return next(request);
  };

/** The ways, by name; an empty key sends none. */
export const transports: Readonly<Record<string, (baseUrl: string, key?: string) => Transport>> = {
  gRPC: (baseUrl, key = "") => createGrpcTransport({ baseUrl, interceptors: [withKey(key)] }),
  Connect: (baseUrl, key = "") =>
    createConnectTransport({ baseUrl, httpVersion: "1.1", interceptors: [withKey(key)] }),
};

/** The gRPC way. */
export function grpcTo(baseUrl: string, key = ""): Transport {
  return createGrpcTransport({ baseUrl, interceptors: [withKey(key)] });
}
