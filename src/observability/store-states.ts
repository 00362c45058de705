/** Whether the places where the gateway keeps what it knows take it, for who looks at its health. */

/** States by name, such as `history`; who opens a store sets its own. */
export type StoreStates = Map<string, "working" | "failing">;
