/** A connection on a socket: reads, writes once per turn, and keeps to the pace of the other end. */

import type { Socket } from "node:net";
import { giveBack } from "#core/buffer-pool.ts";
import type { Clock } from "#core/clock.ts";
import { inputTurn } from "#core/input-turn.ts";
import { type TurnWork, turnQueue } from "#http/turn-queue.ts";
import { type WrittenCallback, writeChunks } from "#http/write-chunks.ts";
import type { Connection } from "./connection.ts";
import { errorCode } from "./error-code.ts";
import type { Stream } from "./stream.ts";

/** Output that is handed to the socket at once. */
const writeBytes = 256 * 1024;
/** More output than this waiting for a peer that does not read: we stop reading, too. */
const waitingBytesMax = 256 * 1024;
/** Time for a GOAWAY to reach the peer before the socket is destroyed. */
const lingerMs = 1_000;

/** Whose driver it is. */
export interface SocketOwner {
  /** A read is over; its output is written at the end of the turn. */
  onTurn(): void;
  /** The socket is gone, and every stream with it. Called once. */
  onGone(): void;
}

/** What each driver on a socket needs not have of its own. */
function ignore(): void {}

/** Carries bytes between a socket and a connection until either ends. It owns the socket. */
export class SocketDriver<S extends Stream> implements TurnWork {
  readonly #socket: Socket;
  readonly #connection: Connection<S>;
  readonly #clock: Clock;
  readonly #owner: SocketOwner;
  #isQueued = false;
  /** What others wait for has been written; the next turn's work is to read on. */
  #isToReadOn = false;
  /** This turn's input has taken its time: nothing is read until the next. */
  #isResting = false;
  #blockedSinceMs: number | undefined;
  #endedMs: number | undefined;

  constructor(socket: Socket, connection: Connection<S>, clock: Clock, owner: SocketOwner) {
    this.#socket = socket;
    this.#connection = connection;
    this.#clock = clock;
    this.#owner = owner;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    // Whatever goes wrong ends in `close`.
    socket.on("error", ignore);
    socket.on("close", () => {
      this.#connection.abort();
      this.#owner.onGone();
    });
    this.#flush();
  }

  /**
   * Has the end of this turn write the output, however often it is asked. Who sends a body is not
   * kept waiting so long: neither for its window, nor for a response that makes the rest needless.
   */
  wake(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    if (this.#connection.bodyIsComing && !this.#isResting) process.nextTick(endTurn, this);
    else turnQueue.add(this);
  }

  /** Does what time asks for: call it about once per second. */
  tick(nowMs: number): void {
    this.#connection.tick(nowMs);
    if (this.#endedMs !== undefined && nowMs - this.#endedMs >= lingerMs) this.#socket.destroy();
    const blockedMs = this.#blockedSinceMs === undefined ? 0 : nowMs - this.#blockedSinceMs;
    if (blockedMs > 0 && blockedMs >= this.#connection.blockedMsMax) {
      this.#connection.fail(errorCode.enhanceYourCalm, "not_reading");
      this.#socket.destroy();
    }
  }

  /** Breaks the connection off without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Writes, then goes on where a slice of input ended, once the socket has taken the output so far.
   * Other connections write first: reading on may begin many calls.
   */
  endTurn(): void {
    const isToReadOn = this.#isToReadOn;
    this.#isQueued = this.#isResting = this.#isToReadOn = false;
    if (this.#socket.destroyed) return;
    this.#flush();
    this.#connection.relieve();
    if (this.#connection.hasInput && this.#blockedSinceMs === undefined) {
      if (isToReadOn) this.#readOn();
      else this.#readOnLate();
    }
    this.#pace();
  }

  #readOn(): void {
    this.#connection.readOn(this.#clock.nowMs());
    this.#owner.onTurn();
    this.wake();
  }

  #readOnLate(): void {
    this.#isQueued = this.#isToReadOn = true;
    turnQueue.addLate(this);
  }

  #read(bytes: Buffer): void {
    const nowMs = this.#clock.nowMs();
    this.#isResting = inputTurn.isOver(nowMs);
    this.#connection.receive(bytes, nowMs);
    this.#owner.onTurn();
    this.#connection.relieve();
    this.wake();
    this.#pace();
  }

  /** Reads no more of a peer whose last input is still being worked on, or that reads nothing. */
  #pace(): void {
    const { hasInput, waitingBytes } = this.#connection;
    const isToWait = hasInput || waitingBytes > waitingBytesMax || this.#isResting;
    if (isToWait) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #flush(): void {
    const connection = this.#connection;
    while (this.#blockedSinceMs === undefined && connection.hasOutput) {
      if (this.#socket.destroyed || this.#endedMs !== undefined) return;
      const chunks = connection.takeOutput(writeBytes);
      if (!writeChunks(this.#socket, chunks, givingBack(connection.takeSpent()))) {
        this.#blockedSinceMs = this.#clock.nowMs();
        connection.blocked(this.#socket.writableLength);
        this.#socket.once("drain", () => this.#resume());
      }
    }
    if (connection.finished && !connection.hasOutput) this.#end();
  }

  #resume(): void {
    this.#blockedSinceMs = undefined;
    this.#connection.blocked(0);
    this.wake();
  }

  #end(): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = this.#clock.nowMs();
    this.#socket.end();
  }
}

/** What is to be called when the socket has sent what `payloads` are the last of. */
function givingBack(payloads: readonly Buffer[]): WrittenCallback | undefined {
  if (payloads.length === 0) return undefined;
  return (error) => {
    // What a socket that fails still reads is not known.
    if (!error) for (const payload of payloads) giveBack(payload);
  };
}

function endTurn(work: TurnWork): void {
  work.endTurn();
}
