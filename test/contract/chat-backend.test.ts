/** Every chat backend keeps the contract. */

import { createEmbeddedBackend } from "#backends/embedded/backend.ts";
import { createPolyagentBackend } from "#backends/polyagent/backend.ts";
import { startCoreServer } from "../support/core-server.ts";
import { chatBackendContract } from "./chat-backend.contract.ts";

chatBackendContract("embedded", async (agent) => {
  const backend = createEmbeddedBackend(agent);
  return { backend, [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose]() };
});

for (const transport of ["http2", "grpc-js"] as const) {
  chatBackendContract(`polyagent over ${transport}`, async (agent) => {
    await using opening = new AsyncDisposableStack();
    const { url } = opening.use(await startCoreServer(agent));
    const backend = opening.use(
      await createPolyagentBackend({
        url,
        transport,
        messageBytesMax: 1 << 20,
        keepaliveMs: 30_000,
      }),
    );
    const owned = opening.move();
    return { backend, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  });
}
