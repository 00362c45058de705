/** Compiles HTTP rules against their methods: every name in a rule is resolved before the first request. */

import type { DescField, DescMethod } from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import type { FieldIndex, FieldTarget } from "./field-path.ts";
import { expectationOfField } from "./field-text.ts";
import { takesFile } from "./field-writer.ts";
import { type MethodExtras, type MethodExtrasOf, noExtras } from "./method-extras.ts";
import { RuleError, type RulePath } from "./rule-error.ts";
import { parseTemplate, type Template, type Variable } from "./template.ts";
import { type Upload, uploadOf } from "./upload.ts";

/** Where the request's body goes. */
export type BodyRule =
  | { readonly kind: "none" }
  /** The body is the request message. */
  | { readonly kind: "message"; readonly raw: boolean }
  /** The body is one field of it. `raw`: the field is a google.api.HttpBody and takes any bytes. */
  | { readonly kind: "field"; readonly raw: boolean; readonly target: FieldTarget };

/** One HTTP method and path of an RPC method. */
export interface Route {
  readonly method: DescMethod;
  /** Where its HTTP method and path stand in the rule of the method. */
  readonly at: RulePath;
  /** `*` for any. */
  readonly httpMethod: string;
  readonly template: Template;
  readonly variables: readonly { readonly variable: Variable; readonly target: FieldTarget }[];
  readonly body: BodyRule;
  /** What the names of a form begin with, such as `book.`; empty when they count from the request. */
  readonly formPrefix: string;
  /** The only field of a form's message that takes a file, if there is one: the only file goes there. */
  readonly fileTarget?: FieldTarget;
  /** Paths of the fields that path and body fill, which the query then may not. */
  readonly bound: readonly string[];
  /** The field of the response that is its body; absent for the whole response. */
  readonly responseField?: DescField;
  /** The field mask that a PATCH may leave to the body. */
  readonly maskField?: DescField & { readonly fieldKind: "message" };
  /** The field that a body may be the bytes of. */
  readonly upload?: Upload;
  /** The bool field that asks for a stream, and the method that gives it. */
  readonly streamSwitch?: { readonly field: DescField; readonly method: DescMethod };
}

/** Full name of a method, as rules select it. */
export function nameOf(method: DescMethod): string {
  return `${method.parent.typeName}.${method.name}`;
}

function isHttpBody(message: { readonly typeName: string } | undefined): boolean {
  return message?.typeName === HttpBodySchema.typeName;
}

function patternOf({ pattern }: HttpRule) {
  if (pattern.case === undefined) throw new Error("the rule names no HTTP method and path");
  if (pattern.case !== "custom") {
    return { at: [pattern.case], httpMethod: pattern.case.toUpperCase(), path: pattern.value };
  }
  const { kind, path } = pattern.value;
  return { at: ["custom", "path"], httpMethod: kind, path };
}

function variableTarget(names: readonly string[], method: DescMethod, index: FieldIndex) {
  const name = names.join(".");
  const target = index.target(method.input, name);
  if (target === undefined) throw new Error(`${method.input.typeName} has no field ${name}`);
  const { field } = target;
  const singular = field.fieldKind !== "list" && field.fieldKind !== "map";
  if (!singular || expectationOfField(field) === undefined) {
    throw new Error(`field ${name} cannot be a variable of the path`);
  }
  return target;
}

function bodyRule(body: string, method: DescMethod, index: FieldIndex): BodyRule {
  if (body === "") return { kind: "none" };
  if (body === "*") return { kind: "message", raw: isHttpBody(method.input) };
  const target = index.target(method.input, body);
  if (target === undefined || target.key !== undefined) {
    throw new Error(`${method.input.typeName} has no field ${body}`);
  }
  const raw = target.field.fieldKind === "message" && isHttpBody(target.field.message);
  return { kind: "field", raw, target };
}

function formPrefix(body: BodyRule): string {
  if (body.kind !== "field" || body.raw || body.target.field.fieldKind !== "message") return "";
  return expectationOfField(body.target.field) === undefined ? `${body.target.path}.` : "";
}

/** The only field of a form that takes a file. */
function fileTargetOf(
  body: BodyRule,
  prefix: string,
  { method, index }: { readonly method: DescMethod; readonly index: FieldIndex },
) {
  const holder = body.kind === "field" && prefix !== "" ? body.target.field.message : method.input;
  const [only, another] = holder?.fields.filter(takesFile) ?? [];
  if (body.kind === "none" || only === undefined || another !== undefined) return undefined;
  return index.target(method.input, prefix + only.name);
}

/** Whether the body is a message whose fields a mask can name. */
function isResource(body: BodyRule): boolean {
  if (body.kind !== "field" || body.raw || body.target.field.fieldKind !== "message") return false;
  return !body.target.field.message.typeName.startsWith("google.protobuf.");
}

function maskFieldOf(method: DescMethod) {
  const masks = method.input.fields.filter((field) => field.fieldKind === "message");
  const [mask, another] = masks.filter(
    ({ message }) => message.typeName === FieldMaskSchema.typeName,
  );
  return another === undefined ? mask : undefined;
}

function streamSwitchOf(method: DescMethod, { streamSwitch }: MethodExtras) {
  if (streamSwitch === undefined) return undefined;
  const { field: name, method: sibling } = streamSwitch;
  const field = method.input.fields.find((candidate) => candidate.name === name);
  const target = method.parent.methods.find((candidate) => candidate.name === sibling);
  if (field?.fieldKind !== "scalar" || target?.methodKind !== "server_streaming") {
    throw new Error(`stream_switch names no bool field and server stream: ${name}, ${sibling}`);
  }
  if (target.input !== method.input) throw new Error(`${sibling} takes another request type`);
  return { field, method: target };
}

function responseFieldOf(name: string, { output }: DescMethod, index: FieldIndex) {
  if (name === "") return undefined;
  const field = index.field(output, name);
  if (field === undefined) throw new Error(`${output.typeName} has no field ${name}`);
  return field;
}

/** Compiles one part of a rule; what it throws blames that part. */
type Compile = <T>(at: RulePath, part: () => T) => T;

/** What rules are compiled with. */
interface Compiling {
  readonly index: FieldIndex;
  readonly extras: MethodExtras;
  readonly compile: Compile;
}

function compileBinding(
  rule: HttpRule,
  method: DescMethod,
  { index, extras, compile }: Compiling,
): Route {
  const { at, httpMethod, path } = compile([], () => patternOf(rule));
  const template = compile(at, () => parseTemplate(path));
  const variables = template.variables.map((variable) => ({
    variable,
    target: compile(at, () => variableTarget(variable.names, method, index)),
  }));
  const body = compile(["body"], () => bodyRule(rule.body, method, index));
  const responseField = compile(["response_body"], () =>
    responseFieldOf(rule.responseBody, method, index),
  );
  const maskField = httpMethod === "PATCH" && isResource(body) ? maskFieldOf(method) : undefined;
  const streamSwitch = compile([], () => streamSwitchOf(method, extras));
  const upload =
    body.kind === "message" && !body.raw
      ? compile([], () => uploadOf(method, index, extras))
      : undefined;
  const prefix = formPrefix(body);
  const fileTarget = fileTargetOf(body, prefix, { method, index });
  const bound = variables.map(({ target }) => target.path);
  if (body.kind === "field") bound.push(body.target.path);
  return {
    method,
    at,
    httpMethod,
    template,
    variables,
    body,
    formPrefix: prefix,
    ...(fileTarget === undefined ? {} : { fileTarget }),
    bound,
    ...(responseField === undefined ? {} : { responseField }),
    ...(maskField === undefined ? {} : { maskField }),
    ...(streamSwitch === undefined ? {} : { streamSwitch }),
    ...(upload === undefined ? {} : { upload }),
  };
}

/** The routes of a method under `rule` and its additional bindings. Throws a RuleError. */
export function compileRoutes(
  rule: HttpRule,
  method: DescMethod,
  index: FieldIndex,
  extrasOf: MethodExtrasOf = noExtras,
): Route[] {
  const extras = extrasOf(method);
  const bindings = [rule, ...rule.additionalBindings];
  return bindings.map((binding, position) => {
    const inRule = position === 0 ? [] : ["additional_bindings", position - 1];
    const compile: Compile = (at, part) => {
      try {
        return part();
      } catch (cause) {
        const problem = cause instanceof Error ? cause.message : String(cause);
        throw new RuleError(nameOf(method), [...inRule, ...at], problem);
      }
    };
    if (position > 0 && binding.additionalBindings.length > 0) {
      throw new RuleError(nameOf(method), inRule, "additional_bindings do not nest");
    }
    const route = compileBinding(binding, method, { index, extras, compile });
    return { ...route, at: [...inRule, ...route.at] };
  });
}
