/** A signal that somebody can follow without an event listener, which costs more than the rest of a small call. */

/** Notified, once, when the signal that it follows has aborted. */
export interface Follower {
  aborted(): void;
}

const followerKey = Symbol("follower");

/** A signal with room for one follower. */
type FollowedSignal = AbortSignal & { [followerKey]?: Follower | undefined };

/** A controller whose signal can be followed; `abortFollowed` aborts it. */
export function followedController(): AbortController {
  const controller = new AbortController();
  (controller.signal as FollowedSignal)[followerKey] = undefined;
  return controller;
}

/** Aborts a signal, whose follower is notified after its listeners. */
export function abortFollowed(controller: AbortController, reason: unknown): void {
  const signal: FollowedSignal = controller.signal;
  const follower = signal[followerKey];
  signal[followerKey] = undefined;
  controller.abort(reason);
  follower?.aborted();
}

/** Has `follower` notified of an abort to come; false where that takes a listener: of other signals, and of those with a follower. */
export function follow(signal: AbortSignal, follower: Follower): boolean {
  const followed: FollowedSignal = signal;
  if (!(followerKey in followed) || followed[followerKey] !== undefined) return false;
  followed[followerKey] = follower;
  return true;
}

/** Leaves it again; nothing happens where it follows nothing. */
export function unfollow(signal: AbortSignal, follower: Follower): void {
  const followed: FollowedSignal = signal;
  if (followed[followerKey] === follower) followed[followerKey] = undefined;
}
