/** Key files: 32 bytes as 64 hexadecimal digits and a newline, 0600. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fromHex, toHex } from "@anamnesis/core";
import { nodeError } from "../errors.ts";
import { primitives } from "../system.ts";
import { writeWhole } from "./files.ts";

const KEY_BYTES = 32;

/** @throws AnamnesisError `node/bad-key-file`; the message names the file, never its content. */
export function readKey(path: string): Uint8Array {
  const damaged = (cause?: unknown) =>
    nodeError(
      "node/bad-key-file",
      `the key file ${basename(path)} is missing or damaged`,
      { file: basename(path) },
      cause,
    );
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw damaged(cause);
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw damaged();
  return fromHex(text);
}

/** A fresh random key; refuses to overwrite one that is there. */
export function makeKey(path: string): Uint8Array {
  if (existsSync(path)) throw nodeError("node/bad-key-file", `the key file ${basename(path)} exists already`);
  const key = primitives.random(KEY_BYTES);
  writeWhole(path, `${toHex(key)}\n`);
  return key;
}
