/** A part of a page that shows an answer, in each of its states: loading, failed, stale, empty, there. */

import type { ReactNode } from "react";
import { connection } from "#web/data/connection.ts";
import { failureOf } from "#web/data/failure.ts";
import { age } from "#web/data/format.ts";
import { useStore } from "#web/data/store.ts";
import { Problem } from "#web/parts/problem.tsx";
import { Skeleton } from "#web/parts/skeleton.tsx";

/** What a query tells of itself, as TanStack Query has it. */
interface Read<T> {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly dataUpdatedAt: number;
  readonly refetch: () => unknown;
}

interface Props<T> {
  readonly read: Read<T>;
  /** Lines of the skeleton: as high as what comes. */
  readonly lines?: number;
  readonly isEmpty?: (data: T) => boolean;
  /** Why there is nothing, and what to do about it. */
  readonly empty?: ReactNode;
  readonly children: (data: T) => ReactNode;
}

/** Shows what was read, or why it could not be read. */
export function Region<T>({ read, lines = 4, isEmpty, empty, children }: Props<T>) {
  const { state } = useStore(connection);
  const { data, error, dataUpdatedAt, refetch } = read;
  if (data === undefined) {
    return error === null ? <Skeleton lines={lines} /> : <Problem error={error} again={refetch} />;
  }
  const isStale = error !== null || state === "lost";
  return (
    <>
      {isStale && <StaleNote error={error} sinceMs={dataUpdatedAt} again={refetch} />}
      {isEmpty?.(data) === true ? <p className="empty">{empty}</p> : children(data)}
    </>
  );
}

interface StaleProps {
  readonly error: unknown;
  readonly sinceMs: number;
  readonly again: () => unknown;
}

function StaleNote({ error, sinceMs, again }: StaleProps) {
  const why = error === null ? "" : ` ${failureOf(error).message}`;
  return (
    <p className="stale" role="status">
      <span>
        As it was {age(sinceMs)} ago.{why}
      </span>
      <button type="button" className="link" onClick={() => void again()}>
        Read again
      </button>
    </p>
  );
}
