/** Who a folder is: its keys, its configuration, and the file that tells the others. */
import { applicationOf, applicationToJson } from "@anamnesis/contracts";
import { type ChainId, type OrgId, toHex } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import type { GenesisOrganisation } from "@anamnesis/ledger";
import { primitives } from "../system.ts";
import { configText } from "./config-text.ts";
import { writeWhole } from "./files.ts";
import { makeKey } from "./keys.ts";
import type { FolderLayout } from "./layout.ts";

export interface Identity {
  readonly id: OrgId;
  readonly chain: ChainId;
  readonly name: string;
  readonly port: number;
}

/** Makes the key of transactions and the key of cosignatures; writes configuration and `organisation.json`. */
export function makeIdentity(
  layout: FolderLayout,
  who: Identity,
): { organisation: GenesisOrganisation; signer: Signer } {
  const signer = signerFromSeed(primitives, "INTL-1", makeKey(layout.orgKey));
  const cosigner = signerFromSeed(primitives, "INTL-1", makeKey(layout.cosignerKey));
  const application = applicationOf(primitives, who.chain, who, signer, cosigner);
  writeWhole(layout.organisation, applicationToJson(application), 0o644);
  const entriesToken = toHex(primitives.random(24));
  const { chain, id, name: displayName, port } = who;
  writeWhole(layout.config, configText({ chain, organisation: id, displayName, port, entriesToken }));
  return { organisation: application.organisation, signer };
}
