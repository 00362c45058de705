/** Who watches calls: notified of each one's beginning and, once, of its end. It changes nothing. */

import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";

/** Notified how a call ended: with what failure, or with none. */
export type CallEnded = (failure?: unknown) => void;

/** Called once per method; what it returns when a call of it begins; what that returns when it ends. */
export type CallObserver = (method: DescMethod) => (values: ContextValues) => CallEnded;
