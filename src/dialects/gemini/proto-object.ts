/** An object of Gemini's clients: messages of Protobuf in JSON, whose fields may be spelled in two ways. */

import { JsonObject } from "#dialects/json-object.ts";

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Reads fields by their names in JSON (`mimeType`), and as the proto names them (`mime_type`) where those are absent. */
export class ProtoObject extends JsonObject {
  /** How the object itself spells a field. */
  #spelled(name: string): string {
    if (Object.hasOwn(this.value, name)) return name;
    const other = snakeCase(name);
    return Object.hasOwn(this.value, other) ? other : name;
  }

  override at(name: string): string {
    return super.at(this.#spelled(name));
  }

  override raw(name: string): unknown {
    return super.raw(this.#spelled(name));
  }

  override leaveUnread(name: string): void {
    super.leaveUnread(this.#spelled(name));
  }

  override ignore(...names: readonly string[]): void {
    super.ignore(...names.map((name) => this.#spelled(name)));
  }

  protected override child(value: unknown, path: string): ProtoObject {
    return new ProtoObject(value, path);
  }
}
