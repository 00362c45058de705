/** Media in requests: data URLs, base64 and the formats that dialects name. Pure. */

import { create } from "@bufbuild/protobuf";
import { signatureType } from "#core/file-type.ts";
import { type MediaPart, MediaPartSchema } from "#gen/polygate/v1/conversation_pb.js";

const dataUrl = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/;
const base64Text = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Bytes of base64 text, or undefined when it is none. */
export function bytesFromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1 || !base64Text.test(text)) return undefined;
  return Buffer.from(text, "base64");
}

/** Base64 text of bytes. */
export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Media at an address: the bytes of a data URL, else the address. Undefined for a data URL that is none. */
export function mediaFromUrl(url: string): MediaPart | undefined {
  if (!url.startsWith("data:"))
    return create(MediaPartSchema, { source: { case: "url", value: url } });
  const match = dataUrl.exec(url);
  const data = match === null ? undefined : bytesFromBase64(url.slice(match[0].length));
  if (match === null || data === undefined) return undefined;
  return mediaFromBytes(data, match[1] ?? "");
}

/** Media that is here. */
export function mediaFromBytes(data: Uint8Array, mediaType: string): MediaPart {
  return create(MediaPartSchema, { source: { case: "data", value: data }, mediaType });
}

/** The image types that every vendor takes. */
const knownImageType = /^image\/(png|jpe?g|gif|webp)$/i;

/** Whether what is sent as an image may be one: of types that only some know the bytes are not judged. */
export function isImage({ source, mediaType }: MediaPart): boolean {
  if (source.case !== "data") return true;
  if (mediaType !== "" && !knownImageType.test(mediaType)) return /^image\//i.test(mediaType);
  return knownImageType.test(signatureType(source.value) ?? "");
}

/** A data URL of media that is here; the address of media that is elsewhere; undefined for a file id. */
export function urlOfMedia({ source, mediaType }: MediaPart): string | undefined {
  if (source.case === "data") return `data:${mediaType};base64,${base64Of(source.value)}`;
  return source.case === "url" ? source.value : undefined;
}

/** Media types of the audio formats that OpenAI names. */
const audioTypes: ReadonlyMap<string, string> = new Map([
  ["wav", "audio/wav"],
  ["mp3", "audio/mpeg"],
  ["flac", "audio/flac"],
  ["opus", "audio/opus"],
  ["pcm16", "audio/pcm"],
]);

/** Media type of an audio format. */
export function audioTypeOf(format: string): string {
  return audioTypes.get(format) ?? `audio/${format}`;
}

/** Audio format of a media type. */
export function audioFormatOf(mediaType: string): string {
  const known = [...audioTypes].find(([, type]) => type === mediaType);
  return known?.[0] ?? mediaType.replace(/^audio\/(x-)?/, "");
}
