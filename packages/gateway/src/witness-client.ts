/** Asking a witness over HTTP. */
import { concat } from "@anamnesis/core";
import type { AskWitness } from "@anamnesis/ledger";
import { gatewayError } from "./errors.ts";
import { textOf } from "./file-fetcher.ts";
import { deadline } from "./http-fetcher.ts";
import { ADD_CHECKPOINT } from "./witness-door.ts";

const TIMEOUT_MS = 10_000;
export interface AskOptions {
  readonly timeoutMs?: number;
  /** Ends what is on its way when nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** A few signature lines, or a sentence. */
const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * @param url the witness's submission prefix, e.g. `https://witness.example/w1`
 * @throws AnamnesisError `gateway/bad-address`; when asked `gateway/unreachable`, `gateway/timeout`, `gateway/too-large`
 */
export function httpWitness(url: string, { timeoutMs = TIMEOUT_MS, signal }: AskOptions = {}): AskWitness {
  const prefix = URL.canParse(url) ? new URL(url) : undefined;
  if (prefix === undefined || !/^https?:$/.test(prefix.protocol) || prefix.search !== "" || prefix.hash !== "") {
    throw gatewayError("gateway/bad-address", "the address of a witness is an http or https URL without query");
  }
  const address = prefix.href.replace(/\/*$/, ADD_CHECKPOINT);
  return async (body) => {
    try {
      const until = deadline(timeoutMs, signal);
      const response = await fetch(address, { method: "POST", body, redirect: "error", signal: until });
      return { status: response.status, body: await readText(response) };
    } catch (cause) {
      if (!(cause instanceof TypeError) && !(cause instanceof DOMException)) throw cause;
      if (cause.name === "TimeoutError") throw gatewayError("gateway/timeout", `no answer in ${timeoutMs} ms`);
      throw gatewayError(
        "gateway/unreachable",
        "the witness cannot be reached: check address and network",
        {},
        { cause },
      );
    }
  };
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) throw gatewayError("gateway/too-large", "the witness's answer has no end");
    chunks.push(chunk);
  }
  return textOf(concat(...chunks), "the witness's answer");
}
