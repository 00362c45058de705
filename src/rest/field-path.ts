/** Finds the field of a message that a dotted name means. */

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { hasNamedFields } from "./text-message.ts";

/** A singular field that holds a message. */
export type MessageField = DescField & { readonly fieldKind: "message" };

/** A place in a message that a text can be put. */
export interface FieldTarget {
  /** Proto names, joined by dots; a map's key is left out. */
  readonly path: string;
  /** Fields to descend through, outermost first. */
  readonly parents: readonly MessageField[];
  readonly field: DescField;
  /** The entry of a map that is meant. */
  readonly key?: string;
}

/** Deepest nesting that a name may reach, as in protobuf's own parsers. */
const depthMax = 100;

/** Names of fields by message type. Grows with the types it is asked for, which the schema bounds. */
export class FieldIndex {
  readonly #names = new Map<DescMessage, ReadonlyMap<string, DescField>>();

  /** The field of that proto or JSON name. Names are looked up as they are: none is inherited. */
  field(message: DescMessage, name: string): DescField | undefined {
    let names = this.#names.get(message);
    if (names === undefined) {
      names = new Map(
        message.fields.flatMap((field) => [
          [field.jsonName, field],
          [field.name, field],
        ]),
      );
      this.#names.set(message, names);
    }
    return names.get(name);
  }

  /**
   * What `name` means, such as `a.b.c` or `labels[key]`: undefined when there is no such field, or
   * the way to it leads through a list, a map or a type whose fields have no names here.
   */
  target(message: DescMessage, name: string): FieldTarget | undefined {
    const parents: MessageField[] = [];
    let prefix = "";
    let at = message;
    let rest = name;
    while (parents.length < depthMax) {
      const field = this.field(at, rest);
      if (field !== undefined) return { path: prefix + field.name, parents, field };
      const dot = rest.indexOf(".");
      const bracket = rest.indexOf("[");
      if (bracket > 0 && rest.endsWith("]") && (dot < 0 || bracket < dot)) {
        const map = this.field(at, rest.slice(0, bracket));
        if (map?.fieldKind !== "map") return undefined;
        const key = rest.slice(bracket + 1, -1);
        return { path: prefix + map.name, parents, field: map, key };
      }
      const parent = dot < 0 ? undefined : this.field(at, rest.slice(0, dot));
      if (parent?.fieldKind !== "message" || !hasNamedFields(parent.message)) return undefined;
      parents.push(parent);
      prefix += `${parent.name}.`;
      at = parent.message;
      rest = rest.slice(dot + 1);
    }
    return undefined;
  }
}

/** Whether one of two field paths holds the other. */
export function overlaps(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}
