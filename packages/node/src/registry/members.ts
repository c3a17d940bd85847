/** Who is a member, what is voted on, by which rules: read from a folder's ledger, beside a running node too. */
import {
  type Action,
  concerned,
  decodeOrganisation,
  decodeProposal,
  isOpen,
  ORGANISATION_COUNT,
  ORGANISATION_LIST,
  type Organisation,
  type OrganisationStatus,
  organisationPath,
  POLICY,
  type Proposal,
  proposalPath,
  tally,
} from "@anamnesis/contracts";
import { asText, asUint, decode, toHex } from "@anamnesis/core";
import { keyId, suiteOf } from "@anamnesis/crypto";
import {
  decodeLeaf,
  decodeMemberSet,
  type GenesisOrganisation,
  type LogReader,
  MEMBER_SET,
  type MemberSet,
  type Policy,
  parsePolicy,
} from "@anamnesis/ledger";
import { nodeError } from "../errors.ts";
import type { Folder } from "../folder/folder.ts";
import { openLog } from "../ledger.ts";
import { primitives } from "../system.ts";

export interface Members {
  readonly chain: string;
  readonly own: string;
  /** Leaves of the log that this was read from, and the agreed time (ms) of its newest block. */
  readonly size: number;
  readonly time: number;
  readonly epoch: number;
  readonly logKey: string;
  readonly policy: Policy;
  readonly organisations: readonly ShownOrganisation[];
  /** Those that can still be voted on. */
  readonly proposals: readonly ShownProposal[];
}

export interface ShownOrganisation {
  readonly id: string;
  readonly name: string;
  readonly status: OrganisationStatus;
  /** Ids of its keys, in hexadecimal. */
  readonly keys: readonly string[];
  readonly cosigner: string;
}

export interface ShownProposal {
  readonly number: number;
  readonly proposer: string;
  readonly action: string;
  /** The organisation that it is about; null for rules. */
  readonly about: string | null;
  /** Ids of the keys that a join or a recovery brings, in hexadecimal: to be compared with what their owner says. */
  readonly keys: readonly string[];
  readonly cosigner: string | null;
  /** What a change of policy, or an upgrade, leads to. */
  readonly policy: Policy | null;
  readonly version: number | null;
  readonly expires: number;
  readonly yes: readonly string[];
  readonly no: readonly string[];
  /** Yes votes that count now, and organisations that have a vote. */
  readonly counted: number;
  readonly voters: number;
}

export async function membersOf(folder: Folder): Promise<Members> {
  const reader = await openLog(folder);
  try {
    const set = decodeMemberSet(await value(reader, MEMBER_SET));
    const policy = parsePolicy(decode(await value(reader, POLICY), "policy"));
    const found = await organisations(reader);
    const { blockLeaf, checkpoint } = await reader.read(MEMBER_SET);
    const leaf = decodeLeaf(blockLeaf);
    const time = leaf.type === "block" ? leaf.time : 0;
    return {
      chain: folder.genesis.chain,
      own: folder.config.organisation,
      size: checkpoint.size,
      time,
      epoch: set.epoch,
      logKey: toHex(set.logKey),
      policy,
      organisations: found.map(({ id, organisation }) => shown(id, organisation)),
      proposals: await proposals(reader, found, set, policy, time),
    };
  } finally {
    await reader.close();
  }
}

interface Found {
  readonly id: string;
  readonly organisation: Organisation;
}

async function organisations(reader: LogReader): Promise<readonly Found[]> {
  const count = asUint(decode(await value(reader, ORGANISATION_COUNT), "count"), "count");
  const found: Found[] = [];
  for (let i = 0; i < count; i++) {
    const id = asText(
      decode(await value(reader, `${ORGANISATION_LIST}/${i}`), "organisation id"),
      32,
      "organisation id",
    );
    found.push({ id, organisation: decodeOrganisation(await value(reader, organisationPath(id))) });
  }
  return found;
}

async function proposals(
  reader: LogReader,
  found: readonly Found[],
  set: MemberSet,
  policy: Policy,
  time: number,
): Promise<readonly ShownProposal[]> {
  const numbers = found.flatMap(({ organisation }) => organisation.proposals).toSorted((a, b) => a - b);
  const open: ShownProposal[] = [];
  for (const number of numbers) {
    const proposal = decodeProposal(await value(reader, proposalPath(number)));
    if (isOpen(proposal, time)) open.push(shownProposal(number, proposal, set, policy));
  }
  return open;
}

function shownProposal(number: number, proposal: Proposal, set: MemberSet, policy: Policy): ShownProposal {
  const { proposer, action, expires, votes } = proposal;
  const { yes: counted, of: voters } = tally(action, votes, set, policy);
  const cast = (yes: boolean) => votes.filter((vote) => vote.yes === yes).map(({ organisation }) => organisation);
  const about = concerned(action) ?? null;
  const brought = broughtBy(action);
  return {
    number,
    proposer,
    action: action.type,
    about,
    keys: brought?.keys.map(({ suite, publicKey }) => toHex(keyId(primitives, suiteOf(suite).id, publicKey))) ?? [],
    cosigner: brought === undefined ? null : toHex(brought.cosigner),
    policy: action.type === "policy" ? action.policy : null,
    version: action.type === "upgrade" ? action.version : null,
    expires,
    yes: cast(true),
    no: cast(false),
    counted,
    voters,
  };
}

function broughtBy(action: Action): Pick<GenesisOrganisation, "keys" | "cosigner"> | undefined {
  if (action.type === "join") return action.organisation;
  return action.type === "recover" ? action.keys : undefined;
}

const shown = (id: string, { name, status, keys, cosigner }: Organisation): ShownOrganisation => ({
  id,
  name,
  status,
  keys: keys.map(toHex),
  cosigner: toHex(cosigner),
});

async function value(reader: LogReader, key: string): Promise<Uint8Array> {
  const { value: bytes } = await reader.read(key);
  if (bytes === undefined) throw nodeError("node/no-registry", "this ledger was founded without a registry of members");
  return bytes;
}
