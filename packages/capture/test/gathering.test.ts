import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { GATHER_MS, Gathering, LIVE_MS, MUCH_BYTES } from "../src/postgres/gathering.ts";

class Socket {
  paused = false;
  pause(): this {
    this.paused = true;
    return this;
  }
  resume(): this {
    this.paused = false;
    return this;
  }
}

const socket = new Socket();
let gathering = new Gathering(socket);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  socket.resume();
  gathering = new Gathering(socket);
  vi.advanceTimersByTime(LIVE_MS);
});
afterEach(() => vi.useRealTimers());

/** Until everything that the socket holds by now was handled. */
const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

test("after a little, the socket is left alone for a while", async () => {
  gathering.took(700);
  expect(socket.paused).toBe(false);
  gathering.took(700);
  await turn();
  expect(socket.paused).toBe(true);
  vi.advanceTimersByTime(GATHER_MS - 1);
  expect(socket.paused).toBe(true);
  vi.advanceTimersByTime(1);
  expect(socket.paused).toBe(false);
});

test("what comes fast is read as it comes, until it comes slowly again", async () => {
  vi.advanceTimersByTime(GATHER_MS);
  gathering.took(MUCH_BYTES);
  await turn();
  expect(socket.paused).toBe(false);
  gathering.took(700);
  await turn();
  expect(socket.paused).toBe(false);
  vi.advanceTimersByTime(LIVE_MS);
  gathering.took(700);
  await turn();
  expect(socket.paused).toBe(true);
});

test("a stream that begins may have much to catch up with", async () => {
  gathering = new Gathering(socket);
  vi.advanceTimersByTime(LIVE_MS - 1);
  gathering.took(700);
  await turn();
  expect(socket.paused).toBe(false);
});

test("what gathers to much in one pause is not held up by a second one", async () => {
  gathering.took(100);
  await turn();
  vi.advanceTimersByTime(GATHER_MS);
  gathering.took(MUCH_BYTES);
  await turn();
  expect(socket.paused).toBe(false);
});

test("who held the stream has to let it go: the end of a pause does not", async () => {
  gathering.took(100);
  await turn();
  gathering.pause();
  vi.advanceTimersByTime(10 * GATHER_MS);
  expect(socket.paused).toBe(true);
  gathering.resume();
  expect(socket.paused).toBe(false);
});

test("letting it go does not cut a pause short", async () => {
  gathering.pause();
  gathering.took(100);
  await turn();
  gathering.resume();
  expect(socket.paused).toBe(true);
  vi.advanceTimersByTime(GATHER_MS);
  expect(socket.paused).toBe(false);
});

test("behind what was held, much is waiting", async () => {
  gathering.pause();
  gathering.resume();
  gathering.took(100);
  await turn();
  expect(socket.paused).toBe(false);
});

test("at the end it flows", async () => {
  gathering.took(100);
  gathering.pause();
  gathering.end();
  await turn();
  expect(socket.paused).toBe(false);
  vi.advanceTimersByTime(10 * GATHER_MS);
  expect(socket.paused).toBe(false);
});
