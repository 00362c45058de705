/** What an upload is, while it comes and when it is kept. Types only. */

/** What is known of a file that is whole. */
export interface FileFacts {
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** Media type, as its bytes show. */
  readonly contentType: string;
}

/** A file that is kept. */
export interface Upload extends FileFacts {
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/** A file that may be read. */
export interface KeptUpload extends Upload {
  /** All of its bytes, also when it expires meanwhile; undefined when it had expired before. */
  read(): Promise<Buffer | undefined>;
}

/** Where the bytes of one upload go. */
export interface UploadTarget {
  /** Adds bytes. Rejects with UPLOADS_LIMITED and UPLOADS_FULL where there is no room for them. */
  append(bytes: Uint8Array): Promise<void>;
  /** Keeps the whole file. Rejects with SHUTTING_DOWN. */
  keep(facts: FileFacts): Promise<Upload>;
  /** It is not to be kept. Never rejects. */
  leave(): Promise<void>;
}
