import { applicationFromJson, applicationOf, applicationToJson } from "@anamnesis/contracts";
import { orgId } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { describe, expect, it } from "vitest";
import { CHAIN } from "./chain.ts";
import { keyOf } from "./newcomer.ts";

describe("an organisation's public file", () => {
  const who = { id: orgId("e"), name: "The e" };
  const application = applicationOf(native, CHAIN, who, keyOf("sign"), keyOf("cosign"));

  it("is read as it was written", () => {
    expect(applicationFromJson(applicationToJson(application))).toEqual(application);
  });

  it.each([
    ["without proofs", (file: { proofs?: unknown }) => delete file.proofs],
    [
      "with proofs that are not hexadecimal",
      (file: { proofs?: unknown }) => {
        file.proofs = { keys: ["?"], cosigner: "?" };
      },
    ],
  ])("is refused %s", (_, spoil) => {
    const file = JSON.parse(applicationToJson(application)) as { proofs?: unknown };
    spoil(file);
    const read = () => applicationFromJson(JSON.stringify(file));
    expect(read).toThrow(expect.objectContaining({ code: "ledger/malformed" }));
    expect(read).toThrow("has no proofs of its keys");
  });
});
