/** node:http without what no one here uses of it. */

/**
 * An import statement would read every export, and with WebSocket load the whole of fetch: 16 MB and
 * 40 ms of each start.
 */
export const { createServer, ServerResponse, STATUS_CODES } = process.getBuiltinModule("node:http");

export type ServerResponse = InstanceType<typeof ServerResponse>;
