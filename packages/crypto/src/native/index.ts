import { randomFillSync } from "node:crypto";
import { requireRandomLength } from "../errors.ts";
import { type Lanes, openLanes } from "../lanes/lanes.ts";
import type { Primitives } from "../primitives.ts";
import { ed25519PublicKey, ed25519Sign, ed25519Signer, ed25519Verify, ed25519VerifyAside } from "./ed25519.ts";
import { hmacSha256, sha256, sha256Into } from "./hash.ts";

let shared: Lanes | "none" | undefined;

/** The provider for servers: Node's OpenSSL. The only part of this package that needs Node. */
export const native: Primitives = {
  name: "native",
  sha256,
  sha256Into,
  lanes() {
    shared ??= openLanes() ?? "none";
    return shared === "none" ? undefined : shared;
  },
  hmacSha256,
  ed25519Verify,
  ed25519VerifyAside,
  ed25519Sign,
  ed25519Signer,
  ed25519PublicKey,
  random(length) {
    requireRandomLength(length);
    return randomFillSync(new Uint8Array(length));
  },
};
