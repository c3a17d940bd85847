import { fromHex } from "@anamnesis/core";
import { describe, expect, it } from "vitest";
import { serverText } from "../src/postgres/encoding.ts";

describe("text in the database's own encoding", () => {
  // The bytes of each encoding are those of its published table (ISO 8859, GB 2312, JIS X 0208, KS X 1001, Windows code pages).
  it.each([
    ["UTF8", "4dc3bc6c6c6572", "Müller"],
    ["LATIN1", "4dfc6c6c6572", "Müller"],
    ["LATIN2", "b3f3646b61", "łódka"],
    ["LATIN9", "35a4", "5€"],
    ["WIN1252", "80", "€"],
    ["WIN1251", "c2f0e0f7", "Врач"],
    ["KOI8R", "f7d2c1de", "Врач"],
    ["EUC_CN", "d2bdc9fa", "医生"],
    ["EUC_JP", "b0e5bbd5", "医師"],
    ["EUC_KR", "c0c7bbe7", "의사"],
    ["ISO_8859_7", "e9e1f4f1fcf2", "ιατρός"],
    ["SQL_ASCII", "4dc3bc", "Mü"],
    ["SQL_ASCII", "4dfc", "M\ufffd"],
    ["EUC_TW", "6162", "ab"],
    ["NO_SUCH_ENCODING", "6162", "ab"],
  ])("%s %s is %s", (encoding, hex, text) => {
    expect(serverText(encoding)(fromHex(hex))).toBe(text);
  });
});
