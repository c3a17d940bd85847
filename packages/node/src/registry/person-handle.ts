/** A person's handle on the ledger: keyed by this organisation, so that nobody else can make it, try names, or join it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { handles } from "@anamnesis/crypto";
import type { Folder } from "../folder/folder.ts";
import { makeKey, readKey } from "../folder/keys.ts";
import { primitives } from "../system.ts";

/** 16 bytes. The key is made when the first person is vouched for. @throws AnamnesisError `node/bad-key-file` */
export function personHandle({ layout }: Folder, name: string): Uint8Array {
  const file = join(layout.keys, "person.key");
  const key = existsSync(file) ? readKey(file) : makeKey(file);
  return handles(primitives, key).actor(name);
}
