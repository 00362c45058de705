/** What a strategy is shown and what it returns. Types only. */

import type { Candidate } from "#pool/member.ts";

/** Members that may be chosen: at least one, ids unique. */
export type Candidates = readonly [Candidate, ...Candidate[]];

/** Names the candidate for the next call. Asking is choosing: a balancer remembers its turns. */
export type Balancer = (candidates: Candidates) => string;
