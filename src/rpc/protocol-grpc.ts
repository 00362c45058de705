/** gRPC (PROTOCOL-HTTP2.md): the status travels in HTTP trailers. */

import { Code } from "@connectrpc/connect";
import { grpcTimeout } from "#protocol/timeout.ts";
import type { EnvelopedProtocol } from "./enveloped-response.ts";

/** gRPC as other implementations speak it: bytes that cannot be read are INTERNAL. */
export const grpc: EnvelopedProtocol = {
  name: "grpc",
  encodingField: "grpc-encoding",
  acceptField: "grpc-accept-encoding",
  timeout: grpcTimeout,
  malformedCode: Code.Internal,
  isText: false,
};
