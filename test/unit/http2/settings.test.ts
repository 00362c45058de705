import { expect, test } from "vitest";
import { errorCode } from "#http2/error-code.ts";
import { PeerSettings, settingId } from "#http2/settings.ts";

const rows = [
  {
    name: "a window up to 2^31 - 1",
    id: settingId.initialWindowSize,
    value: 0x7fff_ffff,
    server: false,
    code: 0,
  },
  {
    name: "a window above",
    id: settingId.initialWindowSize,
    value: 0x8000_0000,
    server: false,
    code: errorCode.flowControlError,
  },
  { name: "frames of 16 KiB", id: settingId.maxFrameSize, value: 16_384, server: false, code: 0 },
  {
    name: "frames below 16 KiB",
    id: settingId.maxFrameSize,
    value: 16_383,
    server: false,
    code: errorCode.protocolError,
  },
  {
    name: "frames above 2^24 - 1",
    id: settingId.maxFrameSize,
    value: 0x100_0000,
    server: false,
    code: errorCode.protocolError,
  },
  { name: "push wanted by a client", id: settingId.enablePush, value: 1, server: false, code: 0 },
  {
    name: "push wanted by a server",
    id: settingId.enablePush,
    value: 1,
    server: true,
    code: errorCode.protocolError,
  },
  {
    name: "push that is neither on nor off",
    id: settingId.enablePush,
    value: 2,
    server: false,
    code: errorCode.protocolError,
  },
  {
    name: "extended CONNECT that is neither on nor off",
    id: settingId.enableConnectProtocol,
    value: 2,
    server: true,
    code: errorCode.protocolError,
  },
  {
    name: "priorities that are neither on nor off",
    id: settingId.noRfc7540Priorities,
    value: 2,
    server: true,
    code: errorCode.protocolError,
  },
  {
    name: "frames of 2^24 - 1",
    id: settingId.maxFrameSize,
    value: 0xff_ffff,
    server: false,
    code: 0,
  },
  { name: "no push from a server", id: settingId.enablePush, value: 0, server: true, code: 0 },
  {
    name: "extended CONNECT that stays off",
    id: settingId.enableConnectProtocol,
    value: 0,
    server: true,
    code: 0,
  },
  {
    name: "no priorities",
    id: settingId.noRfc7540Priorities,
    value: 1,
    server: true,
    code: 0,
  },
  { name: "a setting that nobody knows", id: 0xf00, value: 7, server: false, code: 0 },
] as const;

for (const { name, id, value, server, code } of rows) {
  test(`${name}: code ${code}`, () => {
    expect(new PeerSettings().apply(id, value, server)).toBe(code);
  });
}

test("extended CONNECT cannot be withdrawn", () => {
  const settings = new PeerSettings();
  settings.apply(settingId.enableConnectProtocol, 1, true);
  expect(settings.apply(settingId.enableConnectProtocol, 0, true)).toBe(errorCode.protocolError);
});

test("extended CONNECT may be said again, and is off until it is said", () => {
  const settings = new PeerSettings();
  expect(settings.extendedConnect).toBe(false);
  for (let time = 0; time < 2; time += 1) {
    expect(settings.apply(settingId.enableConnectProtocol, 1, true)).toBe(0);
    expect(settings.extendedConnect).toBe(true);
  }
});

test.each([
  ["headerTableSize", "headerTableBytes"],
  ["maxConcurrentStreams", "concurrentStreamsMax"],
  ["initialWindowSize", "initialWindowBytes"],
  ["maxFrameSize", "frameBytesMax"],
  ["maxHeaderListSize", "headerListBytesMax"],
] as const)("%s is taken over, and nothing else changes", (id, name) => {
  const settings = new PeerSettings();
  expect(settings.apply(settingId[id], 20_000, false)).toBe(0);
  expect(settings).toEqual(Object.assign(new PeerSettings(), { [name]: 20_000 }));
});
