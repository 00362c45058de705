/** Services behind the RPC server and a listener, with nothing of a gateway around them. */

import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { type Listener, type ListenerOptions, listen } from "#exchange/listener.ts";
import { createCallPath } from "#rpc/call.ts";
import type { Routes } from "#rpc/mount.ts";
import { refuseUnknown } from "#rpc/refusal.ts";
import { createRpc, type RpcOptions } from "#rpc/rpc.ts";

/** Opens a port of loopback. Paths of no method get what RPC clients understand. */
export function rpcListener(
  routes: Routes,
  rpcOptions: RpcOptions,
  options: Pick<ListenerOptions, "tls" | "http2Engine">,
): Promise<Listener> {
  const rpc = createRpc(createCallPath(routes, []), rpcOptions);
  const unknown = new ConnectError("no such method", Code.Unimplemented);
  return listen(
    { name: "rpc", host: "127.0.0.1", port: 0, ...options },
    {
      exchange(exchange) {
        const procedure = rpc.procedureOf(exchange.target);
        if (procedure !== undefined) {
          return rpc.serve(exchange, procedure, createContextValues());
        }
        if (!refuseUnknown(exchange, unknown)) exchange.respond(404, []);
        return undefined;
      },
      malformed: () => ({ requestId: "", body: "" }),
      connectionFailed: () => {},
    },
  );
}
