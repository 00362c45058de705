/** Binds the texts of path, query and form to the fields of a request. */

import { fault } from "#errors/fault.ts";
import { type FieldIndex, type FieldTarget, overlaps } from "./field-path.ts";
import { type FieldWriter, parameterFault, type UploadedFile } from "./field-writer.ts";
import { type Parameter, parametersFrom } from "./pairs.ts";
import type { Route } from "./route.ts";

/** Whether a name is in a list, where `utm_*` stands for all that begin with `utm_`. */
function nameListed(name: string, list: readonly string[]): boolean {
  return list.some((entry) =>
    entry.endsWith("*") ? name.startsWith(entry.slice(0, -1)) : name === entry,
  );
}

/** A file of a form. */
export interface NamedFile {
  readonly name: string;
  readonly file: UploadedFile;
  /** The form has no other. */
  readonly isOnly: boolean;
}

/** Binds what is not JSON. */
export class ParameterBinder {
  readonly #index: FieldIndex;
  readonly #ignored: readonly string[];

  /** `ignored`: query parameters that are passed over where no field takes them. */
  constructor(index: FieldIndex, ignored: readonly string[]) {
    this.#index = index;
    this.#ignored = ignored;
  }

  /** Writes the path's variables over whatever the body said. */
  path(route: Route, captures: readonly string[], writer: FieldWriter): void {
    for (const [position, { target }] of route.variables.entries()) {
      writer.replace(target, target.path, captures[position] ?? "");
    }
  }

  /** Writes the query's parameters; each must name a field that neither path nor body fills. */
  query(route: Route, query: string, writer: FieldWriter): void {
    for (const [name, text] of parametersFrom(query)) {
      const target =
        route.body.kind === "message" ? undefined : this.#index.target(route.method.input, name);
      // A mask that is left empty is left to the body.
      if (text === "" && target !== undefined && target.field === route.maskField) continue;
      const taken = target !== undefined && route.bound.some((path) => overlaps(path, target.path));
      if (target !== undefined && !taken) writer.text(target, name, text);
      else if (!nameListed(name, this.#ignored)) throw this.#refusal(route, name, taken);
    }
  }

  /** Writes a form's text fields. */
  formText(route: Route, [name, text]: Parameter, writer: FieldWriter): void {
    writer.text(this.#formTarget(route, name), name, text);
  }

  /** Writes a form's file. The only one of a form goes into the only field for files, whatever its name. */
  formFile(route: Route, file: NamedFile, writer: FieldWriter): void {
    const { name } = file;
    const only = file.isOnly ? route.fileTarget : undefined;
    writer.file(this.#named(route, name) ?? only ?? this.#formTarget(route, name), name, file.file);
  }

  #named(route: Route, name: string): FieldTarget | undefined {
    return this.#index.target(route.method.input, route.formPrefix + name);
  }

  #formTarget(route: Route, name: string): FieldTarget {
    const target = this.#named(route, name);
    if (target !== undefined) return target;
    if (!name.startsWith("{")) throw parameterFault(name, "unknown form field");
    throw fault("MEDIA_TYPE_UNSUPPORTED", "content-type: the body is JSON, send application/json");
  }

  #refusal(route: Route, name: string, taken: boolean) {
    if (taken) return parameterFault(name, "the path or the body holds this field already");
    const known = this.#index.target(route.method.input, name) !== undefined;
    return parameterFault(name, known ? "send this field in the body" : "unknown query parameter");
  }
}
