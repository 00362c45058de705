/** gRPC's status: how it is written into the fields after a response. */

import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import type { HeaderList } from "#exchange/exchange.ts";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";
import { metadataFields } from "#protocol/metadata.ts";

const plainPattern = /^[\x20-\x24\x26-\x7e]*$/;

/** gRPC's percent-encoding of grpc-message (PROTOCOL-HTTP2.md): printable ASCII but `%` stays. */
export function grpcMessage(text: string): string {
  if (plainPattern.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    encoded +=
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** google.rpc.Status with the details, in base64 without padding. */
function statusDetails(error: ConnectError): string {
  const status = create(StatusSchema, {
    code: error.code,
    message: error.rawMessage,
    details: error.details.map((detail) =>
      "desc" in detail
        ? anyPack(detail.desc, create(detail.desc, detail.value))
        : { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value },
    ),
  });
  return Buffer.from(toBinary(StatusSchema, status)).toString("base64").replace(/=+$/, "");
}

const ok: HeaderList = [["grpc-status", "0"]];

/** The fields of an error, its metadata after them; without one those of success. */
export function statusFields(error: ConnectError | undefined): HeaderList {
  if (error === undefined) return ok;
  const fields: (readonly [string, string])[] = [
    ["grpc-status", String(error.code)],
    ["grpc-message", grpcMessage(error.rawMessage)],
  ];
  if (error.details.length > 0) fields.push(["grpc-status-details-bin", statusDetails(error)]);
  return [...fields, ...metadataFields(error.metadata)];
}
