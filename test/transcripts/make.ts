// Records the transcript anew: `node test/transcripts/make.ts`. Only when the state is meant to change; say so in the CHANGELOG.
import { writeFileSync } from "node:fs";
import { encodeSealBody, readOrganisation, readProposalCount, readSealing, SEAL_KIND } from "@anamnesis/contracts";
import { fromHex, type OrgId, orgId, sourceId, toBase64, toHex } from "@anamnesis/core";
import { type Signer, signerFromSeed } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import {
  cosigner,
  cosignerName,
  decodeMemberKey,
  decodeMemberSet,
  encodeGenesis,
  encodeSigned,
  formatCheckpoint,
  logOrigin,
  MEMBER_SET,
  memberKeyPath,
  type SignedTransaction,
  signTransaction,
} from "@anamnesis/ledger";
import { cosignerSeed, founded, founderSigner } from "@anamnesis/ledger/conformance/founding";
import { batch, type Draft, oddBatch, type SourceView } from "../../sim/commands/events.ts";
import { Wallet } from "../../sim/commands/keys.ts";
import { registryCommand } from "../../sim/commands/registry.ts";
import { Chance } from "../../sim/random.ts";
import { FILE, Player, type Step } from "./transcript.ts";

const STEPS = 400;
const SEED = 20;
const FOUNDERS = ["nord", "ost", "sued", "west"];
const EVENTS_MAX = 8;
const DAY_MS = 86_400_000;

const chance = new Chance(SEED);
const logSeed = new Uint8Array(32).fill(7);
const genesis = founded(native, {
  chain: "transcript",
  time: 1_700_000_000_000,
  organisations: FOUNDERS,
  logKey: native.ed25519PublicKey(logSeed),
});

/** Large batches show nothing more, and the file is kept in the repository. */
function small(draw: () => Draft): Draft {
  for (;;) {
    const draft = draw();
    if (draft.attachments.length <= EVENTS_MAX) return draft;
  }
}

/** Somebody who signs. */
interface Actor {
  readonly id: OrgId;
  readonly signer: Signer;
}

const signerOf = (seed: Uint8Array): Signer => signerFromSeed(native, "INTL-1", seed);
const stranger = (): Actor => ({ id: orgId("stranger"), signer: signerOf(chance.bytes(32)) });
const founders = FOUNDERS.map((id): Actor => ({ id: orgId(id), signer: founderSigner(native, id) }));

class Recorder {
  readonly steps: Step[] = [];
  readonly #player = new Player(native, genesis);
  readonly #views = new Map<string, SourceView>();
  readonly #wallet = new Wallet();
  #time = genesis.time;
  #nonce = 0;

  step(): void {
    this.#time += chance.once(1, 60) ? DAY_MS : chance.between(1_000, 40_000);
    const by = this.#somebody();
    const what = chance.weighted({ events: 8, odd: 3, registry: 8, seal: 4, frame: 2 });
    if (what === "frame") return this.#record(this.#wrongFrame(by), by);
    this.#record(this.#sign(by, what === "seal" ? this.#seal() : this.#draft(what, by)), by);
  }

  /** Whoever holds a key of a member, mostly one that may sign. */
  #somebody(): Actor {
    const brought = this.#wallet.seeds.map((seed): Actor => ({ id: orgId("nobody"), signer: signerOf(seed) }));
    const known = [...founders, ...brought].flatMap(({ signer }) => {
      const record = this.#state.get(memberKeyPath(toHex(signer.keyId)));
      const key = record === undefined ? undefined : decodeMemberKey(record);
      return key === undefined ? [] : [{ id: orgId(key.organisation), signer, status: key.status }];
    });
    const active = known.filter(({ status }) => status === "active");
    return chance.pick(chance.once(1, 20) || active.length === 0 ? known : active);
  }

  #draft(what: "events" | "odd" | "registry", by: Actor): Draft {
    if (what !== "registry") return small(() => (what === "odd" ? oddBatch : batch)(chance, this.#view(by)));
    return registryCommand(chance, {
      chain: genesis.chain,
      self: by.id,
      keys: [by.signer.publicKey],
      cosigner: readOrganisation(this.#state, by.id)?.cosigner ?? new Uint8Array(32),
      wallet: this.#wallet,
      organisations: FOUNDERS,
      proposals: readProposalCount(this.#state),
    });
  }

  readonly #state = { get: (key: string) => this.#player.state.get(key) };

  #view(by: Actor): SourceView {
    const start = {
      source: sourceId("ehr"),
      incarnation: new Uint8Array(8).fill(1),
      position: { lsn: 0n, ordinal: 0 },
    };
    return this.#views.get(by.id) ?? start;
  }

  /** By the founders' cosigner keys, on the log as it stands; now and then too few, or on something else. */
  #seal(): Draft {
    const { opened } = readSealing(this.#state);
    const root = chance.once(1, 10) ? chance.bytes(32) : fromHex(this.#player.root);
    const text = formatCheckpoint({ origin: logOrigin(genesis.chain), size: this.#player.size, root });
    const { members } = decodeMemberSet(this.#player.state.get(MEMBER_SET) ?? new Uint8Array(0));
    const ids = members.map((each) => each.id).filter((id) => FOUNDERS.includes(id));
    const by = chance.once(1, 10) ? ids.slice(0, 1) : ids;
    const time = Math.floor((chance.once(1, 10) ? Math.max(0, opened - 60_000) : this.#time) / 1000);
    const cosignatures = by.map((id) => {
      const { signature } = cosigner(native, cosignerName(genesis.chain, id), cosignerSeed(native, id)).cosign(
        text,
        time,
      );
      return { id, time, signature: signature.slice(8) };
    });
    return { kind: SEAL_KIND, body: encodeSealBody({ size: this.#player.size, root, cosignatures }), attachments: [] };
  }

  #sign(by: Actor, draft: Draft, change: object = {}): SignedTransaction & { readonly next?: SourceView } {
    const expires = Math.floor(this.#time / 1000) + 3_600;
    const { kind, body, attachments, next } = draft;
    const transaction = { chain: genesis.chain, kind, nonce: ++this.#nonce, expires, body, ...change };
    const signed = signTransaction(native, transaction, [by.signer], attachments);
    return next === undefined ? signed : { ...signed, next };
  }

  /** What is wrong with it is not the command itself: chain, time, nonce, signature, key. */
  #wrongFrame(by: Actor): SignedTransaction {
    const draft = this.#draft("events", by);
    const { next: _, ...rest } = draft;
    switch (chance.below(5)) {
      case 0:
        return this.#sign(by, rest, { chain: "another" });
      case 1:
        return this.#sign(by, rest, { expires: Math.floor(this.#time / 1000) });
      case 2:
        return this.#sign(by, rest, { nonce: 1 });
      case 3: {
        const signed = this.#sign(by, rest);
        return { ...signed, signatures: signed.signatures.map((each) => ({ ...each, signature: chance.bytes(64) })) };
      }
      default:
        return this.#sign(stranger(), rest);
    }
  }

  #record(signed: SignedTransaction & { readonly next?: SourceView }, by: Actor): void {
    const outcome = this.#player.play(this.#time, signed);
    if (outcome.refused === undefined && signed.next !== undefined) {
      this.#views.set(by.id, signed.next);
    }
    this.steps.push({ time: this.#time, transaction: toBase64(encodeSigned(signed)), ...outcome });
  }
}

const recorder = new Recorder();
while (recorder.steps.length < STEPS) recorder.step();
const about =
  "Commands of all modules, one a block, failures included. Keys and cosigner keys of founders: ledger/conformance/founding.ts. Played by test/transcripts.";
const transcript = { about, genesis: toBase64(encodeGenesis(genesis)), logSeed: toHex(logSeed), steps: recorder.steps };
writeFileSync(FILE, `${JSON.stringify(transcript, null, 1)}\n`);
const kinds = new Map<string, number>();
for (const { refused = "accepted" } of recorder.steps) kinds.set(refused, (kinds.get(refused) ?? 0) + 1);
for (const [what, n] of [...kinds].toSorted((a, b) => b[1] - a[1])) process.stdout.write(`${n}  ${what}\n`);
