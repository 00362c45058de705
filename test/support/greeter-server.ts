/** The transcoder as a library: a service with its own proto behind a plain node:http server. */

import { createServer, type Server } from "node:http";
import type { DescMethodUnary, DescService, Message } from "@bufbuild/protobuf";
import { transcode } from "#rest/transcode.ts";

/** A server that greets: `GET /greet/{name}?times=2`. */
export function createGreeterServer(greeter: DescService): Server {
  const greet = greeter.method.greet as DescMethodUnary;
  const { request, upgrade } = transcode((router) =>
    router.rpc(greet, (input) => {
      const { name, times } = input as Message & { name: string; times: number };
      return { text: `Hello ${name}!`.repeat(times || 1) } as unknown as Message;
    }),
  );
  return createServer(request).on("upgrade", upgrade);
}
