/** The body of an `incentive.seal` transaction (spec/incentive.md, "The command"). */
import { asBytes, asList, asText, asTuple, asUint, type Cbor, type OrgId, orgId } from "@anamnesis/core";
import { MEMBERS_MAX } from "@anamnesis/ledger";

export const SEAL_KIND = "incentive.seal";
const SIGNATURE_BYTES = 64;

export interface Cosignature {
  readonly id: OrgId;
  /** Seconds since 1970. */
  readonly time: number;
  /** Ed25519 over the cosigned message (C2SP tlog-cosignature), without the time before it. */
  readonly signature: Uint8Array;
}

/** A checkpoint and those who cosigned it. The origin is the chain's. */
export interface Seal {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly cosignatures: readonly Cosignature[];
}

export const encodeSealBody = ({ size, root, cosignatures }: Seal): Cbor => [
  size,
  root,
  cosignatures.map((each) => [each.id, each.time, each.signature]),
];

/** @throws AnamnesisError `core/bad-encoding`, `core/bad-identifier` */
export function parseSealBody(body: Cbor): Seal {
  const [size, root, list] = asTuple(body, 3, "seal");
  return {
    size: asUint(size, "size"),
    root: asBytes(root, 32, "root"),
    cosignatures: asList(list, MEMBERS_MAX, "cosignatures").map((item) => {
      const [id, time, signature] = asTuple(item, 3, "cosignature");
      return {
        id: orgId(asText(id, 32, "organisation")),
        time: asUint(time, "time"),
        signature: asBytes(signature, SIGNATURE_BYTES, "signature"),
      };
    }),
  };
}
