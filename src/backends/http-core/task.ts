/** What a core is asked over HTTP: a chat, as twins answer it, or a question, as agent controllers do. */

/** One of them. */
export type HttpCoreTask = "chat" | "query";

/** Where each is posted, and the field that holds the user's words. */
export const tasks = {
  chat: { path: "/v1/chat", words: "message" },
  query: { path: "/v1/query", words: "query" },
} as const satisfies Record<HttpCoreTask, { readonly path: string; readonly words: string }>;
