/** gRPC-Web (PROTOCOL-WEB.md): gRPC whose trailers are the last envelope of the body. */

import type { ConnectError } from "@connectrpc/connect";
import { envelope } from "#protocol/envelope.ts";
import { metadataFields } from "#protocol/metadata.ts";
import type { EnvelopedProtocol } from "./enveloped-response.ts";
import { grpc } from "./protocol-grpc.ts";
import { statusFields } from "./status.ts";

/** The payload is a block of trailers. */
const trailersFlag = 0b1000_0000;

function endEnvelope(error: ConnectError | undefined, trailer: Headers): Uint8Array {
  const lines = [...statusFields(error), ...metadataFields(trailer)].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return envelope(trailersFlag, Buffer.from(lines.join(""), "latin1"));
}

/** gRPC-Web with bodies as bytes. */
export const grpcWeb: EnvelopedProtocol = { ...grpc, name: "grpc-web", endEnvelope };

/** gRPC-Web with bodies in base64, for browsers that cannot read bytes as they come. */
export const grpcWebText: EnvelopedProtocol = { ...grpcWeb, isText: true };
