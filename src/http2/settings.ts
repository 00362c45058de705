/** SETTINGS (RFC 9113 §6.5.2): what each side tells the other once and may change later. Pure. */

import { type ErrorCode, errorCode } from "./error-code.ts";
import { windowBytesDefault, windowBytesMax } from "./flow.ts";
import { frameBytesDefault } from "./frames.ts";

/** Identifiers; unknown ones are ignored. */
export const settingId = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
  enableConnectProtocol: 0x8,
  noRfc7540Priorities: 0x9,
} as const;

/** An entry of a SETTINGS frame. */
export type Setting = readonly [id: number, value: number];

const frameBytesLargest = 0xff_ffff;

/** What the peer has announced; until then what the RFC presumes. */
export class PeerSettings {
  headerTableBytes = 4096;
  concurrentStreamsMax = Number.POSITIVE_INFINITY;
  initialWindowBytes = windowBytesDefault;
  frameBytesMax = frameBytesDefault;
  /** Advisory: longer lists may be refused. */
  headerListBytesMax = Number.POSITIVE_INFINITY;
  /** The server takes extended CONNECT (RFC 8441). */
  extendedConnect = false;

  /** Takes an entry over. Returns the connection error that it is, or NO_ERROR. */
  apply(id: number, value: number, fromServer: boolean): ErrorCode {
    switch (id) {
      case settingId.headerTableSize:
        this.headerTableBytes = value;
        break;
      case settingId.enablePush:
        if (value > 1 || (fromServer && value === 1)) return errorCode.protocolError;
        break;
      case settingId.maxConcurrentStreams:
        this.concurrentStreamsMax = value;
        break;
      case settingId.initialWindowSize:
        if (value > windowBytesMax) return errorCode.flowControlError;
        this.initialWindowBytes = value;
        break;
      case settingId.maxFrameSize:
        if (value < frameBytesDefault || value > frameBytesLargest) return errorCode.protocolError;
        this.frameBytesMax = value;
        break;
      case settingId.maxHeaderListSize:
        this.headerListBytesMax = value;
        break;
      case settingId.enableConnectProtocol:
        if (value > 1 || (this.extendedConnect && value === 0)) return errorCode.protocolError;
        this.extendedConnect = value === 1;
        break;
      case settingId.noRfc7540Priorities:
        if (value > 1) return errorCode.protocolError;
        break;
    }
    return errorCode.noError;
  }
}
