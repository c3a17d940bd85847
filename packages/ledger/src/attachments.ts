/** Attachments of a transaction, one behind the other: thousands of arrays of their own cost more than what is done with them. */
import type { Bytes } from "@anamnesis/core";

export interface PackedAttachments {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each attachment ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

export function packAttachments(attachments: readonly Bytes[]): PackedAttachments {
  const ends = new Uint32Array(attachments.length);
  let length = 0;
  for (const [i, attachment] of attachments.entries()) {
    length += attachment.length;
    ends[i] = length;
  }
  const bytes = new Uint8Array(length);
  for (const [i, attachment] of attachments.entries()) bytes.set(attachment, (ends[i] ?? 0) - attachment.length);
  return { bytes, ends };
}

/** Views of the packed bytes. */
export function unpackAttachments({ bytes, ends }: PackedAttachments): Uint8Array<ArrayBuffer>[] {
  const attachments: Uint8Array<ArrayBuffer>[] = [];
  let from = 0;
  for (const end of ends) {
    attachments.push(new Uint8Array(bytes.buffer, bytes.byteOffset + from, end - from));
    from = end;
  }
  return attachments;
}
