/** What a store of rows asks of its database, whichever that is: statements with numbered places, and transactions. */

/** What a place of a statement takes. */
export type SqlValue = string | number | null;

/** Where statements are run: `$1`, `$2` … are the places of `values`. */
export interface Queries {
  /** The rows of one statement. Rejects with a DatabaseError. */
  query<T extends object>(text: string, values?: readonly SqlValue[]): Promise<T[]>;
}

/** A database of one kind of rows. */
export interface Database extends Queries, AsyncDisposable {
  /** Runs `work` in a transaction: all of it is done or nothing. Rejects with what `work` throws, or a DatabaseError. */
  transaction<T>(work: (within: Queries) => Promise<T>): Promise<T>;
}
