import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { native } from "@anamnesis/crypto/native";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openKeyStore } from "../src/keystore.ts";

let dir: string;
let path: string;
const open = (readOnly = false) => openKeyStore({ path, primitives: native, readOnly });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "anamnesis-keys-"));
  path = join(dir, "keys.db");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const wholeFolder = (): Buffer => Buffer.concat(readdirSync(dir).map((name) => readFileSync(join(dir, name))));

describe("key store", () => {
  it("keeps one key per subject across restarts", () => {
    const first = open();
    const key = first.keyOf("patient 1");
    expect(first.keyOf("patient 1")).toEqual(key);
    expect(first.keyOf("patient  1")).not.toEqual(key);
    first.close();
    const second = open();
    expect(second.find("patient 1")).toEqual(key);
    second.close();
  });

  it("forgets a key that was never flushed", () => {
    const first = open();
    first.keyOf("lost");
    const other = open(true);
    expect(other.find("lost")).toBeUndefined();
    first.flush();
    expect(other.find("lost")).toBeInstanceOf(Uint8Array);
    other.close();
    first.close();
  });

  it("looks up together what the file held at one moment, and goes on from there in the next turn", async () => {
    const first = open();
    first.keyOf("early");
    first.flush();
    const other = open(true);
    other.together();
    other.together();
    expect(other.find("early")).toBeInstanceOf(Uint8Array);
    first.keyOf("late");
    first.flush();
    expect(other.find("late")).toBeUndefined();
    await new Promise(setImmediate);
    expect(other.find("late")).toBeInstanceOf(Uint8Array);
    other.together();
    other.close();
    await new Promise(setImmediate);
    first.close();
  });

  it("destroys a key so that no file holds it any more", () => {
    const store = open();
    const key = store.keyOf("gone");
    if (key === "erased") throw new Error("a new key");
    const copy = Buffer.from(key);
    for (let i = 0; i < 500; i++) store.keyOf(`other ${i}`);
    store.flush();
    expect(wholeFolder().includes(copy)).toBe(true);
    expect(store.destroy("gone")).toBe(true);
    expect(store.keyOf("gone")).toBe("erased");
    store.close();
    expect(wholeFolder().includes(copy)).toBe(false);
    const again = open();
    expect(again.keyOf("gone")).toBe("erased");
    expect(again.destroy("gone")).toBe(false);
    again.close();
  });

  it("marks a subject as erased that never had a key", () => {
    const store = open();
    expect(store.destroy("unknown")).toBe(false);
    expect(store.keyOf("unknown")).toBe("erased");
    store.close();
  });

  it("destroys again, by its handle, a key that a backup brought back", () => {
    const store = open();
    const handle = store.handleOf("gone");
    store.keyOf("gone");
    const other = store.keyOf("other");
    store.flush();
    expect(store.destroyHandle(handle)).toBe(true);
    expect(store.destroyHandle(handle)).toBe(false);
    expect(store.keyOf("gone")).toBe("erased");
    expect(store.keyOf("other")).toEqual(other);
    store.close();
  });

  it("makes no key for a subject that was erased before this store knew it", () => {
    const store = open();
    expect(store.destroyHandle(store.handleOf("later"))).toBe(false);
    expect(store.keyOf("later")).toBe("erased");
    expect(store.keyOf("another")).toBeInstanceOf(Uint8Array);
    store.close();
  });

  it("names nobody and is private", () => {
    const store = open();
    store.keyOf("patient\0Ludmila-4711");
    store.close();
    expect(wholeFolder().includes("Ludmila-4711")).toBe(false);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("refuses a damaged file by name", () => {
    writeFileSync(path, "not a database, but long enough to be taken for one".repeat(20));
    expect(() => open()).toThrow(expect.objectContaining({ code: "capture/damaged-store" }));
  });
});
