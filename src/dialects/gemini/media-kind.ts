/** Which kind of part a media type belongs to. Pure. */

/** Kinds of parts that hold media. */
export type MediaKind = "image" | "audio" | "video" | "file";

/** The kind of a media type; what is none of the others is a file. */
export function partKindOf(mediaType: string): MediaKind {
  const [kind = ""] = mediaType.split("/");
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "file";
}
