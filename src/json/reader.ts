/** Reads messages from JSON text, in one pass that counts what it reads and lets others go first when it is long. */

import {
  createRegistry,
  type DescField,
  type DescMessage,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { turns } from "#core/turns.ts";
import type { LimitsOf } from "#protobuf/field-limits.ts";
import { ignored, unset } from "./leaf.ts";
import { type JsonLimits, jsonLimits } from "./limits.ts";
import type { FieldPlan } from "./message-frame.ts";
import { JsonProblem } from "./problem.ts";
import { Root } from "./root.ts";
import { JsonRun, type RunOptions, type ValuePlan } from "./run.ts";
import type { TextParts } from "./text-parts.ts";
import { type TypePlans, typePlans } from "./type-plan.ts";

/** How JSON is read. */
export interface JsonReaderOptions {
  /** Default 100,000 elements, and 100 levels. */
  readonly elementsMax?: number | undefined;
  readonly depthMax?: number | undefined;
  /** Types that google.protobuf.Any may carry, and extensions. */
  readonly registry: Registry;
  /** Fields and enum names that a type has not are passed over; default: they are refused. */
  readonly ignoreUnknownFields?: boolean;
  /** Bounds of single fields, which hold while their values are read; default none. */
  readonly limitsOf?: LimitsOf | undefined;
}

/** One field of a message, and the text that its value is. */
export interface FieldText {
  readonly message: Message;
  readonly field: DescField;
  readonly text: string;
  /** Takes the paths of the fields that the text names within a message, down to lists, maps and values. */
  readonly paths?: string[];
}

const unlimited: LimitsOf = () => ({});

/** Characters that are read before anybody looks at the time. */
const sliceChars = 16_384;

/** Reads until all has been read; a promise to wait for when others are to go first. */
function readSome(run: JsonRun): Promise<void> | undefined {
  while (!run.advance(sliceChars)) {
    const pause = turns.next();
    if (pause !== undefined) return pause;
  }
  return undefined;
}

/** Reads what is left after a pause, and others. */
async function readOn(run: JsonRun, first: Promise<void>): Promise<void> {
  for (let pause: Promise<void> | undefined = first; pause !== undefined; pause = readSome(run)) {
    await pause;
  }
}

/**
 * The value of a text that no message describes, at once when it is soon read. Throws, or rejects
 * with, a JsonProblem, and as the parts of the text do.
 */
export function readPlain(
  plan: ValuePlan,
  text: string | TextParts,
  { elementsMax, depthMax }: JsonLimits = jsonLimits,
): unknown {
  const root = new Root(plan);
  const run = new JsonRun(text, root, { elementsMax, depthMax, registry, ignoresUnknown: false });
  const pause = readSome(run);
  return pause === undefined ? plainIn(root) : readOn(run, pause).then(() => plainIn(root));
}

/** Plain JSON names no types. */
const registry = createRegistry();

function plainIn({ value }: Root): unknown {
  if (value === unset || value === ignored)
    throw new JsonProblem("unfit", "expected more than null");
  return value;
}

/** Reads JSON. All that it throws or rejects with is a JsonProblem. */
export class JsonReader {
  readonly #options: RunOptions;
  readonly #plans: TypePlans;

  constructor(options: JsonReaderOptions) {
    const { registry, ignoreUnknownFields: ignoresUnknown = false } = options;
    const { elementsMax = jsonLimits.elementsMax, depthMax = jsonLimits.depthMax } = options;
    this.#options = { elementsMax, depthMax, registry, ignoresUnknown };
    this.#plans = typePlans(ignoresUnknown, options.limitsOf ?? unlimited);
  }

  /** The message that a text writes, at once when it is soon read. */
  read(desc: DescMessage, text: string): Message | Promise<Message> {
    const root = new Root(this.#plans.message(desc));
    const run = new JsonRun(text, root, this.#options);
    const pause = readSome(run);
    return pause === undefined ? messageIn(root) : readOn(run, pause).then(() => messageIn(root));
  }

  /** The same at once, whatever it takes: for texts that are short. */
  readNow(desc: DescMessage, text: string): Message {
    const root = new Root(this.#plans.message(desc));
    new JsonRun(text, root, this.#options).advance(text.length + 1);
    return messageIn(root);
  }

  /** Sets one field of a message to what a text writes, at once when it is soon read; null leaves it as it is. */
  readField({ message, field, text, paths }: FieldText): undefined | Promise<void> {
    const plan = this.#plans.field(field, 0);
    const named = paths && plan.isPlainMessage ? { prefix: "", paths } : undefined;
    const root = new Root(plan.value, plan.name, named);
    const run = new JsonRun(text, root, this.#options);
    const set = () => setField(message, plan, root.value);
    const pause = readSome(run);
    if (pause !== undefined) return readOn(run, pause).then(set);
    set();
    return undefined;
  }
}

function setField(message: Message, { oneof, localName }: FieldPlan, value: unknown): void {
  if (value === unset || value === ignored) return;
  const target = message as unknown as Record<string, unknown>;
  if (oneof === undefined) target[localName] = value;
  else target[oneof.localName] = { case: localName, value };
}

/** A text that is null says nothing of a message. */
function messageIn({ value }: Root): Message {
  if (typeof value === "object") return value as Message;
  throw new JsonProblem("unfit", "expected a JSON object");
}
