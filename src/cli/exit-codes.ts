/** The exit codes of commands that ask a running gateway. */

/** The command was done. */
export const exitDone = 0;

/** It was not: something on this side, or some of many pieces of work. */
export const exitFailed = 1;

/** It was written wrongly. */
export const exitUsage = 2;

/** Added to the status code of a call that failed, as grpcurl does. */
export const exitCallBase = 64;

/** The user interrupted it: 128 and the number of SIGINT. */
export const exitInterrupted = 130;
