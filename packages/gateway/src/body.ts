/** The body of a request, up to a limit. */
import type { IncomingMessage } from "node:http";

/** Never throws. What is left of a body that is too large is not read: answer, and the connection ends. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | "too-large" | "cut"> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request) {
      size += (part as Buffer).length;
      if (size > bytesMax) return "too-large";
      parts.push(part as Buffer);
    }
    return Buffer.concat(parts);
  } catch {
    return "cut";
  }
}
