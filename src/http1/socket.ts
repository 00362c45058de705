/** A connection on a socket: reads, writes at the end of a turn, and keeps to the pace of the client. */

import type { Socket } from "node:net";
import { ByteAccount } from "#core/byte-account.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { inputTurn } from "#core/input-turn.ts";
import { networkOf } from "#core/network-of.ts";
import { turns } from "#core/turns.ts";
import { type TurnWork, turnQueue } from "#http/turn-queue.ts";
import { writeChunks } from "#http/write-chunks.ts";
import type { Connection } from "./connection.ts";

/** Why a client that reads too slowly lost its connection. */
export type GivenUp = "http1_not_reading" | "buffers_full";

/** Whose driver it is. */
export interface SocketOwner {
  /** Another protocol goes on with the socket, from `rest` on; the driver has let go of it. */
  onUpgrade(rest: Buffer): void;
  /** The client does not take what waits for it, in its time or while others need the memory. */
  onGivenUp(reason: GivenUp): void;
  /** The socket is gone. Called once. */
  onGone(): void;
}

/** What drivers of one server share. */
export interface DriverShare {
  readonly clock: Clock;
  readonly limits: { readonly stallTimeoutMs: number };
  readonly buffers: ByteBudget;
}

/** Output that is handed to the socket at once; it says when it has taken that, which is progress. */
const writeBytes = 64 * 1024;

/** What each driver on a socket needs not have of its own. */
function ignore(): void {}

/** Carries bytes between a socket and a connection until either ends. It owns the socket. */
export class SocketDriver implements TurnWork {
  readonly #socket: Socket;
  readonly #connection: Connection;
  readonly #share: DriverShare;
  readonly #owner: SocketOwner;
  /** What outlasts a turn, in the process's budget. */
  readonly #account: ByteAccount;
  #isQueued = false;
  /** What others wait for has been written; the next turn's work is to read on. */
  #isToReadOn = false;
  #isEnded = false;
  /** This turn's input has taken its time: nothing is read until the next. */
  #isResting = false;
  /** The socket is another protocol's. */
  #isHandedOver = false;
  #blockedSinceMs: number | undefined;
  #isProbing = false;
  readonly #onData = (bytes: Buffer) => this.#receive(bytes);
  readonly #onEnd = () => this.#receiveEnd();
  readonly #onDrain = () => this.#unblock();
  readonly #onClose = () => this.#closed();

  constructor(socket: Socket, connection: Connection, share: DriverShare, owner: SocketOwner) {
    this.#socket = socket;
    this.#connection = connection;
    this.#share = share;
    this.#owner = owner;
    this.#account = new ByteAccount(share.buffers, {
      owner: networkOf(socket.remoteAddress ?? ""),
      // One request and its response are one thing, and bounded by themselves.
      bytesMax: Number.POSITIVE_INFINITY,
      shed: () => this.#giveWay(),
    });
    socket.setNoDelay(true);
    // A client that ends its side still gets what was answered.
    socket.allowHalfOpen = true;
    socket.on("data", this.#onData).on("end", this.#onEnd);
    socket.on("drain", this.#onDrain).on("close", this.#onClose);
    // Whatever goes wrong ends in `close`.
    socket.on("error", ignore);
  }

  /** Has the end of this turn look after the connection, however often it is asked. */
  wake(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    turnQueue.add(this);
  }

  /** Does what time asks for: call it about once per second. */
  tick(nowMs: number): void {
    const since = this.#blockedSinceMs;
    if (since === undefined) {
      this.#connection.tick(nowMs);
    } else if (nowMs - since >= this.#share.limits.stallTimeoutMs) {
      this.#giveUp("http1_not_reading");
    }
    this.#count();
    this.#pace();
  }

  /**
   * Others need the memory: a body that is not whole is refused, a response that is not taken broken
   * off, and requests that wait for the one in progress are forgotten.
   */
  #giveWay(): void {
    if (this.#blockedSinceMs !== undefined && !this.#connection.isReceiving) {
      this.#giveUp("buffers_full");
      return;
    }
    this.#connection.refuseBody();
    this.#connection.forgetPipelined();
    this.#count();
  }

  /** Breaks the connection off without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Writes, ends or reads on, as the connection wants it. Other connections write before it reads on. */
  endTurn(): void {
    const isToReadOn = this.#isToReadOn;
    this.#isQueued = this.#isResting = this.#isToReadOn = false;
    if (this.#socket.destroyed || this.#isHandedOver) return;
    const connection = this.#connection;
    if (this.#blockedSinceMs === undefined) this.#flush();
    if (connection.isBroken) {
      this.#socket.destroy();
      return;
    }
    if (this.#blockedSinceMs === undefined) {
      if (connection.upgraded !== undefined) this.#handOver();
      else if (connection.isFinished) this.#end();
      else if (connection.hasInput && isToReadOn) this.#readOn();
      else if (connection.hasInput) this.#readOnLate();
    }
    this.#count();
    this.#pace();
  }

  #receive(bytes: Buffer): void {
    const nowMs = this.#share.clock.nowMs();
    this.#isResting = inputTurn.isOver(nowMs);
    if (this.#isResting) this.wake();
    this.#connection.receive(bytes, nowMs);
    this.#look();
  }

  #readOnLate(): void {
    this.#isQueued = this.#isToReadOn = true;
    turnQueue.addLate(this);
  }

  #readOn(): void {
    this.#connection.readOn(this.#share.clock.nowMs());
    this.#look();
  }

  /** Sees to what a read has changed. */
  #look(): void {
    const connection = this.#connection;
    if (connection.upgraded !== undefined && this.#blockedSinceMs === undefined) {
      // What was answered before goes before the other protocol's first word.
      this.#flush();
      if (this.#blockedSinceMs === undefined) {
        this.#handOver();
        return;
      }
    }
    const { hasOutput, hasInput, isFinished, isBroken } = connection;
    if (hasOutput || hasInput || isFinished || isBroken) this.wake();
    this.#count();
    this.#pace();
  }

  /** A crowd that leaves in the middle of requests must not keep others waiting: each is refused. */
  #receiveEnd(): void {
    const later = turns.next();
    if (later === undefined) this.#endInput();
    else void later.then(() => this.#endInput());
  }

  #endInput(): void {
    if (this.#socket.destroyed || this.#isHandedOver) return;
    this.#connection.receiveEnd(this.#share.clock.nowMs());
    this.wake();
    if (this.#connection.isHalfClosed && !this.#isProbing) void this.#probe();
  }

  /**
   * Finds out soon whether a client that ended its side has left, while the socket takes what is written; the
   * owner's looks do the rest.
   */
  async #probe(): Promise<void> {
    const { clock } = this.#share;
    const connection = this.#connection;
    this.#isProbing = true;
    let ms = connection.probeInMs(clock.nowMs());
    while (ms !== undefined && !this.#socket.destroyed && this.#blockedSinceMs === undefined) {
      await clock.sleep(ms);
      if (this.#blockedSinceMs === undefined) connection.probe(clock.nowMs());
      ms = connection.probeInMs(clock.nowMs());
    }
    this.#isProbing = false;
  }

  /** Has the process's budget know what outlasts this turn. */
  #count(): void {
    const socket = this.#socket;
    const account = this.#account;
    const isOver = socket.destroyed || this.#isHandedOver;
    const bytes = isOver ? 0 : this.#connection.heldBytes + socket.writableLength;
    const more = bytes - account.heldBytes;
    if (more < 0) account.release(-more);
    if (more <= 0) return;
    account.add(more);
    if (account.isPressed) account.relieve();
  }

  #giveUp(reason: GivenUp): void {
    this.#owner.onGivenUp(reason);
    this.#socket.destroy();
    this.#count();
  }

  /** Stops reading while what came is not wanted yet. */
  #pace(): void {
    if (this.#isHandedOver) return;
    const wantsInput = this.#connection.wantsInput && !this.#isResting;
    if (wantsInput === this.#socket.isPaused()) {
      if (wantsInput) this.#socket.resume();
      else this.#socket.pause();
    }
  }

  #flush(): void {
    const connection = this.#connection;
    while (connection.hasOutput) {
      if (!writeChunks(this.#socket, connection.takeOutput(writeBytes))) {
        this.#blockedSinceMs = this.#share.clock.nowMs();
        return;
      }
    }
    if (this.#socket.writableLength > 0) {
      // Less than what it asks to wait for, but not with the system yet: an end may not cut it off.
      this.#blockedSinceMs = this.#share.clock.nowMs();
      this.#socket.write("", this.#onDrain);
      return;
    }
    connection.sent(this.#share.clock.nowMs());
  }

  #unblock(): void {
    if (this.#blockedSinceMs === undefined) return;
    this.#blockedSinceMs = undefined;
    this.wake();
    if (this.#connection.isHalfClosed && !this.#isProbing) void this.#probe();
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#socket.end();
  }

  /** Lets go of the socket, which then is as if no one had read it. */
  #handOver(): void {
    this.#isHandedOver = true;
    const socket = this.#socket;
    socket.off("data", this.#onData).off("end", this.#onEnd);
    socket.off("drain", this.#onDrain).off("close", this.#onClose).off("error", ignore);
    socket.allowHalfOpen = false;
    socket.pause();
    socket.readableFlowing = null;
    this.#account.close();
    this.#owner.onUpgrade(this.#connection.takeInput());
  }

  #closed(): void {
    this.#connection.abort();
    this.#account.close();
    this.#owner.onGone();
  }
}
