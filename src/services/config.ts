/** ConfigService: the configuration that is in force, and having it read again. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ConfigOutcomeSchema, ConfigService } from "#gen/polygate/v1/config_pb.js";
import { callRecordKey } from "#interceptors/context.ts";

/** The outcome of a reading of the configuration. */
export interface ConfigOutcome {
  readonly result: string;
  readonly cause: string;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  /** Without secrets. */
  readonly problems: readonly string[];
  readonly restart: readonly string[];
}

/** One setting, without secrets. */
export interface ShownSetting {
  readonly path: string;
  readonly value: string;
  readonly source: string;
}

/** Which configuration is in force. */
export interface ConfigurationStatus {
  readonly hash: string;
  readonly generation: number;
  /** When it was taken, in milliseconds since the Unix epoch. */
  readonly wallMs: number;
  readonly file: string;
  readonly watchesFiles: boolean;
  readonly last: ConfigOutcome | undefined;
}

/** The configuration of a process, as administrators see it: plain values that could cross threads. */
export interface ConfigurationAdmin {
  /** All that is set or has a default. */
  values(): Promise<readonly ShownSetting[]>;
  status(): Promise<ConfigurationStatus>;
  check(): Promise<ConfigOutcome>;
  reload(): Promise<ConfigOutcome>;
  /** Begins to replace the threads that serve calls. Rejects where there is one. */
  restartWorkers(): Promise<{ readonly workers: number; readonly wasRunning: boolean }>;
}

/** What ConfigService needs. */
export interface ConfigServiceDeps {
  readonly admin: ConfigurationAdmin;
  /** Notified of each act. */
  onAction(facts: {
    readonly requestId: string;
    readonly principal: string;
    readonly action: "reload_config" | "restart_workers";
    /** The outcome of a reload. */
    readonly result?: string;
  }): void;
}

function outcomeOf(outcome: ConfigOutcome): MessageInitShape<typeof ConfigOutcomeSchema> {
  const { result, problems, restart } = outcome;
  return { result, problems: [...problems], restartSettings: [...restart] };
}

/** The service over the configuration of a process. */
export function createConfigService({
  admin,
  onAction,
}: ConfigServiceDeps): ServiceImpl<typeof ConfigService> {
  return {
    async getConfig({ pathPrefix }) {
      const [values, { hash }] = await Promise.all([admin.values(), admin.status()]);
      return { values: values.filter(({ path }) => path.startsWith(pathPrefix)), hash };
    },
    async getConfigStatus() {
      const { last, wallMs, ...facts } = await admin.status();
      return {
        ...facts,
        takeTime: timestampFromMs(wallMs),
        ...(last !== undefined && {
          lastOutcome: outcomeOf(last),
          lastOutcomeTime: timestampFromMs(last.wallMs),
          lastCause: last.cause,
        }),
      };
    },
    checkConfig: async () => ({ outcome: outcomeOf(await admin.check()) }),
    async reloadConfig(_request, { values }: HandlerContext) {
      const outcome = await admin.reload();
      const { requestId, principal = "anonymous" } = values.get(callRecordKey);
      onAction({ requestId, principal, action: "reload_config", result: outcome.result });
      return { outcome: outcomeOf(outcome), hash: (await admin.status()).hash };
    },
    async restartWorkers(_request, { values }: HandlerContext) {
      const begun = await admin.restartWorkers();
      const { requestId, principal = "anonymous" } = values.get(callRecordKey);
      onAction({ requestId, principal, action: "restart_workers" });
      return begun;
    },
  };
}
