/** Founding documents for tests and benches: any number of organisations, fully signed. Deterministic: seeds are constants. */
import { chainId, orgId, utf8 } from "@anamnesis/core";
import { type Primitives, type Signer, signerFromSeed } from "@anamnesis/crypto";
import { DEFAULT_POLICY, type Genesis, type GenesisBody, type Policy, signGenesis } from "../src/index.ts";

export interface Founder {
  readonly id: string;
  readonly name?: string;
  /** Key of its transactions; `founderSigner` of its id when absent. */
  readonly signer?: Signer;
}

export interface Founding {
  readonly chain: string;
  readonly time?: number;
  /** `founderSigner`'s and `cosignerSeed`'s keys are used for founders given by id alone. */
  readonly organisations: readonly (Founder | string)[];
  /** Public key of the log. */
  readonly logKey: Uint8Array;
  readonly policy?: Partial<Policy>;
}

/** Seed of the cosigner key that `founded` gives to an organisation. */
export const cosignerSeed = (p: Primitives, id: string): Uint8Array => p.sha256(utf8(`test cosigner of ${id}`));

/** The key with which an organisation signs whose founder gives none. */
export const founderSigner = (p: Primitives, id: string): Signer =>
  signerFromSeed(p, "INTL-1", p.sha256(utf8(`test member key of ${id}`)));

export function founded(p: Primitives, founding: Founding): Genesis {
  const founders = founding.organisations.map((each) => (typeof each === "string" ? { id: each } : each));
  const signers = founders.map(({ id, signer }: Founder) => signer ?? founderSigner(p, id));
  const body: GenesisBody = {
    chain: chainId(founding.chain),
    time: founding.time ?? 0,
    organisations: founders.map(({ id, name = id }: Founder, i) => ({
      id: orgId(id),
      name,
      keys: signers.slice(i, i + 1).map(({ suite, publicKey }) => ({ suite, publicKey })),
      cosigner: p.ed25519PublicKey(cosignerSeed(p, id)),
    })),
    logKey: founding.logKey,
    policy: { ...DEFAULT_POLICY, ...founding.policy },
  };
  return signers.reduce<Genesis>((genesis, signer) => signGenesis(p, genesis, signer), { ...body, signatures: [] });
}
