import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FREE_MS, FREE_MS_MAX, GATHER_MS, GATHER_MS_MIN, Gathering, MUCH_BYTES } from "../src/postgres/gathering.ts";

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
  vi.advanceTimersByTime(FREE_MS);
});
afterEach(() => vi.useRealTimers());

/** Until everything that the socket holds by now was handled. */
const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** A chunk, and how long the stream is left alone behind it. */
async function pauseAfter(bytes: number): Promise<number> {
  gathering.took(bytes);
  await turn();
  let ms = 0;
  for (; socket.paused; ms++) vi.advanceTimersByTime(1);
  return ms;
}

const [LITTLE, SOME, MUCH] = [700, MUCH_BYTES / 2, MUCH_BYTES];

test("after a little, the socket is left alone for a while, longer each time", async () => {
  expect(await pauseAfter(LITTLE)).toBe(2 * GATHER_MS_MIN);
  expect(await pauseAfter(LITTLE)).toBe(GATHER_MS);
  expect(await pauseAfter(LITTLE)).toBe(GATHER_MS);
});

test("the more comes, the shorter the pause, and so it stays", async () => {
  while ((await pauseAfter(LITTLE)) < GATHER_MS);
  expect(await pauseAfter(MUCH)).toBe(GATHER_MS / 2);
  expect(await pauseAfter(SOME)).toBe(GATHER_MS / 2);
  expect(await pauseAfter(SOME)).toBe(GATHER_MS / 2);
  expect(await pauseAfter(LITTLE)).toBe(GATHER_MS);
});

test("chunks that come together count together, and are not cut off from each other", async () => {
  while ((await pauseAfter(LITTLE)) < GATHER_MS);
  gathering.took(LITTLE);
  expect(socket.paused).toBe(false);
  gathering.took(MUCH);
  await turn();
  vi.advanceTimersByTime(GATHER_MS);
  expect(await pauseAfter(LITTLE)).toBe(GATHER_MS / 2);
});

test("what is too fast for any pause is read as it comes, and tried again ever more rarely", async () => {
  for (let ms = FREE_MS; ms <= FREE_MS_MAX; ms *= 2) {
    while ((await pauseAfter(MUCH)) > 0);
    vi.advanceTimersByTime(ms - 1);
    expect(await pauseAfter(LITTLE)).toBe(0);
    vi.advanceTimersByTime(1);
  }
  expect(await pauseAfter(MUCH)).toBe(0);
  vi.advanceTimersByTime(FREE_MS_MAX);
  expect(await pauseAfter(SOME)).toBe(GATHER_MS_MIN);
  expect(await pauseAfter(LITTLE)).toBe(2 * GATHER_MS_MIN);
  while ((await pauseAfter(MUCH)) > 0);
  vi.advanceTimersByTime(FREE_MS);
  expect(await pauseAfter(SOME)).toBe(GATHER_MS_MIN);
});

test("a stream that begins may have much to catch up with", async () => {
  gathering = new Gathering(socket);
  vi.advanceTimersByTime(FREE_MS - 1);
  expect(await pauseAfter(LITTLE)).toBe(0);
  vi.advanceTimersByTime(1);
  expect(await pauseAfter(LITTLE)).toBeGreaterThan(0);
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
