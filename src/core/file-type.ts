/** What a file is, told from its bytes: nobody's word for it counts. Pure. */

interface Signature {
  readonly type: string;
  readonly bytes: string;
  /** Where they stand; 0 when absent. */
  readonly at?: number;
  /** What stands in front of them, at the beginning. */
  readonly after?: string;
}

/** Bytes as Latin-1; the first that fits counts. */
const signatures: readonly Signature[] = [
  { type: "image/png", bytes: "\x89PNG" },
  { type: "image/jpeg", bytes: "\xff\xd8\xff" },
  { type: "image/gif", bytes: "GIF8" },
  { type: "image/webp", after: "RIFF", bytes: "WEBP", at: 8 },
  { type: "image/tiff", bytes: "II*\0" },
  { type: "image/tiff", bytes: "MM\0*" },
  { type: "image/avif", bytes: "ftypavif", at: 4 },
  { type: "image/avif", bytes: "ftypavis", at: 4 },
  { type: "image/heic", bytes: "ftyphei", at: 4 },
  { type: "image/heif", bytes: "ftypmif1", at: 4 },
  { type: "application/pdf", bytes: "%PDF-" },
  { type: "audio/wav", after: "RIFF", bytes: "WAVE", at: 8 },
  { type: "audio/mpeg", bytes: "ID3" },
  { type: "audio/mpeg", bytes: "\xff\xfb" },
  { type: "audio/mpeg", bytes: "\xff\xf3" },
  { type: "audio/mpeg", bytes: "\xff\xf2" },
  { type: "audio/flac", bytes: "fLaC" },
  { type: "audio/ogg", bytes: "OggS" },
  { type: "audio/mp4", bytes: "ftypM4A", at: 4 },
  { type: "video/quicktime", bytes: "ftypqt  ", at: 4 },
  { type: "video/mp4", bytes: "ftypisom", at: 4 },
  { type: "video/mp4", bytes: "ftypiso2", at: 4 },
  { type: "video/mp4", bytes: "ftypmp4", at: 4 },
  { type: "video/mp4", bytes: "ftypavc1", at: 4 },
  { type: "video/webm", bytes: "\x1aE\xdf\xa3" },
];

/** Bytes at the beginning of a file that decide. */
const headBytes = 12;

/** The media type of a file that begins so; undefined for one without a signature that is known. */
export function signatureType(beginning: Uint8Array): string | undefined {
  const head = Buffer.from(beginning.subarray(0, headBytes)).toString("latin1");
  return signatures.find(
    ({ bytes, at = 0, after = "" }) => head.startsWith(after) && head.startsWith(bytes, at),
  )?.type;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no text holds
const control = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f]/;

/** Finds out what a file is while its bytes come. */
export class FileTypeReader {
  #head = Buffer.alloc(0);
  #isHeadRead = false;
  #type: string | undefined;
  /** Decodes what has no signature; undefined once it is no text. */
  #decoder: TextDecoder | undefined = new TextDecoder("utf-8", { fatal: true });

  /** Takes the next bytes of the file. */
  push(bytes: Uint8Array): void {
    if (this.#isHeadRead) {
      this.#read(bytes);
      return;
    }
    this.#head = Buffer.concat([this.#head, bytes]);
    if (this.#head.length >= headBytes) this.#readHead();
  }

  /** The media type of the file, which has ended; undefined for one that is neither known nor text. */
  end(): string | undefined {
    if (!this.#isHeadRead) this.#readHead();
    if (this.#type !== undefined) return this.#type;
    this.#read(new Uint8Array(0), true);
    return this.#decoder === undefined ? undefined : "text/plain";
  }

  #readHead(): void {
    this.#isHeadRead = true;
    this.#type = signatureType(this.#head);
    this.#read(this.#head);
    this.#head = Buffer.alloc(0);
  }

  #read(bytes: Uint8Array, isLast = false): void {
    if (this.#type !== undefined || this.#decoder === undefined) return;
    try {
      const text = this.#decoder.decode(bytes, { stream: !isLast });
      if (control.test(text)) this.#decoder = undefined;
    } catch {
      this.#decoder = undefined;
    }
  }
}
