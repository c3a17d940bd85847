/**
 * Who the members are and what they vote: ADR 0012, point 4, as plain sets and lists. The shapes of bodies and state values
 * are those of spec/registry.md; everything else is counted here again, slowly.
 */
import type { Item } from "./cbor.ts";
import { writeCbor } from "./cbor.ts";
import { bytes, ed25519, hex, keyIdOf, list, str, uint } from "./formats.ts";
import type { BlockOf, Model, Rules, Seen } from "./model.ts";
import { sha256 } from "./trees.ts";

interface Organisation {
  name: string;
  status: "active" | "suspended" | "left" | "removed";
  keys: readonly string[];
  cosigner: Uint8Array;
  proposals: readonly bigint[];
}

interface Proposal {
  readonly proposer: string;
  readonly action: Item;
  readonly opened: bigint;
  readonly expires: bigint;
  status: "open" | "carried" | "void";
  readonly votes: Map<string, boolean>;
}

export interface Founder {
  readonly id: string;
  readonly name: string;
  readonly keys: readonly string[];
  readonly cosigner: Uint8Array;
}

const STATUS = ["active", "suspended", "left", "removed"] as const;
const OUTCOME = ["open", "carried", "void"] as const;
const OPEN_MOST = 16;
const KEYS_MOST = 16;

export class RegistryRules implements Rules {
  readonly kinds = ["propose", "vote", "leave", "rotate-keys", "rotate-cosigner", "vouch", "withdraw"].map(
    (verb) => `registry.${verb}`,
  );
  readonly organisations = new Map<string, Organisation>();
  readonly proposals: Proposal[] = [];
  readonly #persons = new Map<string, string>();
  readonly #model: Model;
  readonly #logKey: Uint8Array;
  #policy: Item;
  #epoch = 0n;
  #changedIn = 0n;

  constructor(model: Model, founders: readonly Founder[], logKey: Uint8Array, policy: Item) {
    this.#model = model;
    this.#logKey = logKey;
    this.#policy = policy;
    model.owned.push("org/", "proposal/", "person/", "member-set");
    for (const { id, name, keys, cosigner } of founders) {
      this.organisations.set(id, { name, status: "active", keys, cosigner, proposals: [] });
      this.#writeOrganisation(id);
    }
    this.#writeSet();
    model.put("policy", policy);
  }

  leaves(): number {
    return 0;
  }

  get active(): readonly string[] {
    return [...this.organisations].filter(([, each]) => each.status === "active").map(([id]) => id);
  }

  /** Events that a bucket holds, and that flow in per second. */
  get quota(): readonly [burst: bigint, perSecond: bigint] {
    const [burst, perSecond] = list(list(this.#policy, 4)[3], 2);
    return [uint(burst), uint(perSecond)];
  }

  broken({ command }: Seen, signers: readonly string[], time: bigint): ReadonlySet<string> {
    const who = signers[0] ?? "";
    try {
      const code = this.#refusal(command.kind, command.body, who, time);
      return new Set(code === undefined ? [] : [code]);
    } catch (error) {
      if (error instanceof RangeError) return new Set(["registry/malformed"]);
      throw error;
    }
  }

  #refusal(kind: string, body: Item, who: string, time: bigint): string | undefined {
    switch (kind) {
      case "registry.propose": {
        const [action = null] = list(body, 1);
        const fault = this.#unproved(action) ?? this.#impossible(action);
        const open = this.proposals.filter((each) => each.proposer === who && isOpen(each, time));
        return fault ?? (open.length >= OPEN_MOST ? "registry/too-many-proposals" : undefined);
      }
      case "registry.vote":
        return this.#voteRefusal(list(body, 2), who, time);
      case "registry.leave":
        return this.active.every((id) => id === who) ? "registry/last-member" : undefined;
      case "registry.rotate-keys":
        return this.#rotationRefusal(list(body, 2), who);
      case "registry.rotate-cosigner": {
        const [cosigner, proof] = list(body, 2);
        const key = bytes(cosigner);
        if (hex(this.organisations.get(who)?.cosigner ?? key) === hex(key)) return "registry/no-change";
        if (!this.#proves(who, "cosign", key, bytes(proof))) return "registry/no-proof";
        return this.#seated(key, who) ? "registry/known-key" : undefined;
      }
      case "registry.vouch": {
        const [handle, roles] = list(body, 2);
        if (bytes(handle).length !== 16 || list(roles).length === 0) return "registry/malformed";
        const known = this.#persons.get(`${who}/${hex(bytes(handle))}`);
        return known === list(roles).map(str).join() ? "registry/no-change" : undefined;
      }
      default: {
        const known = this.#persons.get(`${who}/${hex(bytes(list(body, 1)[0]))}`);
        return known === undefined || known === "" ? "registry/unknown-person" : undefined;
      }
    }
  }

  #voteRefusal([number, yes]: readonly Item[], who: string, time: bigint): string | undefined {
    const proposal = this.proposals[Number(uint(number))];
    if (typeof yes !== "boolean") return "registry/malformed";
    if (proposal === undefined) return "registry/unknown-proposal";
    if (proposal.status !== "open") return "registry/proposal-closed";
    if (time >= proposal.expires) return "registry/proposal-expired";
    if (about(proposal.action) === who) return "registry/concerned";
    return proposal.votes.get(who) === yes ? "registry/no-change" : undefined;
  }

  #rotationRefusal([added, retired]: readonly Item[], who: string): string | undefined {
    const brought = list(added).map((item) => {
      const [key, proof] = list(item, 2);
      const [suite, publicKey] = list(key, 2);
      return { suite: str(suite), publicKey: bytes(publicKey), proof: bytes(proof) };
    });
    const own = this.organisations.get(who)?.keys ?? [];
    const gone = list(retired).map((id) => hex(bytes(id)));
    if (brought.length + gone.length === 0) return "registry/malformed";
    if (!brought.every((key) => this.#proves(who, "sign", key.publicKey, key.proof))) return "registry/no-proof";
    const ids = brought.map(({ suite, publicKey }) => keyIdOf(suite, publicKey));
    if (new Set(ids).size < ids.length) return "registry/malformed";
    if (ids.some((id) => this.#model.keys.has(id))) return "registry/known-key";
    if (new Set(gone).size < gone.length || !gone.every((id) => own.includes(id))) return "registry/unknown-key";
    const rest = own.length - gone.length + ids.length;
    return rest === 0 ? "registry/last-key" : rest > KEYS_MOST ? "registry/too-many" : undefined;
  }

  apply({ command }: Seen, signers: readonly string[], block: BlockOf): void {
    const who = signers[0] ?? "";
    const body = command.body;
    if (command.kind === "registry.propose") this.#propose(list(body, 1)[0] ?? null, who, block);
    else if (command.kind === "registry.vote") this.#vote(list(body, 2), who, block);
    else if (command.kind === "registry.leave") this.#retire(who, "left", block);
    else if (command.kind === "registry.rotate-keys") this.#rotate(list(body, 2), who);
    else if (command.kind === "registry.rotate-cosigner") this.#cosigner(who, bytes(list(body, 2)[0]), block);
    else this.#person(list(body), who, block.time);
  }

  #propose(action: Item, who: string, block: BlockOf): void {
    const number = BigInt(this.proposals.length);
    const life = uint(list(this.#policy, 4)[2]);
    const votes = new Map<string, boolean>(about(action) === who ? [] : [[who, true]]);
    const expires = block.time + life;
    const organisation = this.organisations.get(who);
    if (organisation !== undefined) {
      const open = organisation.proposals.filter((n) => isOpen(this.proposals[Number(n)], block.time));
      organisation.proposals = [...open, number];
    }
    this.proposals.push({ proposer: who, action, opened: block.time, expires, status: "open", votes });
    this.#writeOrganisation(who);
    this.#model.put("proposal-count", BigInt(this.proposals.length));
    this.#settle(number, block);
  }

  #vote([number, yes]: readonly Item[], who: string, block: BlockOf): void {
    this.proposals[Number(uint(number))]?.votes.set(who, yes === true);
    this.#settle(uint(number), block);
  }

  /** Counts again from nothing: the yes of those who are active now and not concerned, against all such. */
  #settle(number: bigint, block: BlockOf): void {
    const proposal = this.proposals[Number(number)];
    if (proposal === undefined) return;
    const voters = this.active.filter((id) => id !== about(proposal.action));
    const yes = voters.filter((id) => proposal.votes.get(id) === true).length;
    const [part, whole] = list(list(this.#policy, 4)[type(proposal.action) === "policy" ? 1 : 0], 2);
    const share = BigInt(yes) * uint(whole) > BigInt(voters.length) * uint(part);
    if (share && (yes >= 2 || this.active.length === 1)) {
      proposal.status = this.#impossible(proposal.action) === undefined ? "carried" : "void";
    }
    this.#writeProposal(number, proposal);
    if (proposal.status === "carried") this.#execute(proposal.action, block);
  }

  /** What must be shown once, when it is proposed. */
  #unproved(action: Item): string | undefined {
    if (type(action) === "recover") {
      const [, id, keys, proofs] = list(action, 4);
      return this.#unprovedKeys(str(id), list(keys, 2), list(proofs, 2));
    }
    if (type(action) !== "join") return undefined;
    const [, organisation, proofs] = list(action, 3);
    const [id, name, keys, cosigner] = list(organisation, 4);
    if (str(name).trim() === "") return "registry/malformed";
    return this.#unprovedKeys(str(id), [keys ?? null, cosigner ?? null], list(proofs, 2));
  }

  #unprovedKeys(id: string, [keys, cosigner]: readonly Item[], [signatures, cosignature]: readonly Item[]) {
    const brought = list(keys).map((key) => bytes(list(key, 2)[1]));
    if (brought.length === 0 || brought.length !== list(signatures).length) return "registry/malformed";
    if (!brought.every((key, i) => this.#proves(id, "sign", key, bytes(list(signatures)[i]))))
      return "registry/no-proof";
    if (new Set([...brought, bytes(cosigner)].map(hex)).size <= brought.length) return "registry/malformed";
    return this.#proves(id, "cosign", bytes(cosigner), bytes(cosignature)) ? undefined : "registry/no-proof";
  }

  #impossible(action: Item): string | undefined {
    const what = type(action);
    if (what === "policy") {
      const same = hex(writeCbor(list(action, 2)[1] ?? null)) === hex(writeCbor(this.#policy));
      return same ? "registry/no-change" : undefined;
    }
    if (what === "join") {
      const [id, , keys, cosigner] = list(list(action, 3)[1], 4);
      if (this.organisations.has(str(id))) return "registry/known-organisation";
      return this.#taken(str(id), [keys ?? null, cosigner ?? null]);
    }
    const id = about(action) ?? "";
    const organisation = this.organisations.get(id);
    if (organisation === undefined) return "registry/unknown-organisation";
    const right = what === "reinstate" ? ["suspended"] : what === "suspend" ? ["active"] : ["active", "suspended"];
    if (!right.includes(organisation.status)) return "registry/wrong-status";
    if (what === "recover") return this.#taken(id, list(list(action, 4)[2], 2));
    if (what === "reinstate") return this.#seated(organisation.cosigner, id) ? "registry/known-key" : undefined;
    return this.active.every((each) => each === id) ? "registry/last-member" : undefined;
  }

  #taken(id: string, [keys, cosigner]: readonly Item[]): string | undefined {
    const known = list(keys).some((key) => this.#model.keys.has(keyIdOf(str(list(key, 2)[0]), bytes(list(key, 2)[1]))));
    return known || this.#seated(bytes(cosigner), id) ? "registry/known-key" : undefined;
  }

  /** Whether a cosigner key is the log's, or sits in the member set for somebody else. */
  #seated(cosigner: Uint8Array, id: string): boolean {
    const others = this.active.filter((each) => each !== id).map((each) => this.organisations.get(each)?.cosigner);
    return [...others, this.#logKey].some((key) => key !== undefined && hex(key) === hex(cosigner));
  }

  #execute(action: Item, block: BlockOf): void {
    const what = type(action);
    const id = about(action) ?? "";
    if (what === "policy") {
      this.#policy = list(action, 2)[1] ?? null;
      this.#model.put("policy", this.#policy);
    } else if (what === "join") this.#join(list(list(action, 3)[1], 4), block);
    else if (what === "suspend") this.#status(id, "suspended", "suspended", block);
    else if (what === "reinstate") this.#status(id, "active", "active", block);
    else if (what === "recover") this.#recover(id, list(list(action, 4)[2], 2), block);
    else this.#retire(id, "removed", block);
  }

  #join([id, name, keys, cosigner]: readonly Item[], block: BlockOf): void {
    const ids = list(keys).map((key) => {
      const [suite, publicKey] = list(key, 2);
      return this.#model.addKey(str(suite), bytes(publicKey), str(id));
    });
    const fresh = { name: str(name), status: "active" as const, keys: ids, cosigner: bytes(cosigner), proposals: [] };
    this.organisations.set(str(id), fresh);
    this.#writeOrganisation(str(id));
    this.#changeSet(block);
  }

  #retire(id: string, status: "left" | "removed", block: BlockOf): void {
    this.#status(id, status, "retired", block);
    const organisation = this.organisations.get(id);
    if (organisation !== undefined) organisation.keys = [];
    this.#writeOrganisation(id);
  }

  #status(id: string, status: Organisation["status"], keys: "active" | "suspended" | "retired", block: BlockOf): void {
    const organisation = this.organisations.get(id);
    if (organisation === undefined) return;
    const seated = organisation.status === "active" || status === "active";
    organisation.status = status;
    for (const key of organisation.keys) this.#model.setKey(key, keys);
    this.#writeOrganisation(id);
    if (seated) this.#changeSet(block);
  }

  #rotate([added, retired]: readonly Item[], who: string): void {
    const organisation = this.organisations.get(who);
    if (organisation === undefined) return;
    const gone = list(retired).map((id) => hex(bytes(id)));
    for (const id of gone) this.#model.setKey(id, "retired");
    const fresh = list(added).map((item) => {
      const [suite, publicKey] = list(list(item, 2)[0], 2);
      return this.#model.addKey(str(suite), bytes(publicKey), who);
    });
    organisation.keys = [...organisation.keys.filter((id) => !gone.includes(id)), ...fresh];
    this.#writeOrganisation(who);
  }

  /** Other keys for one that lost its own: the old ones never sign again. */
  #recover(id: string, [keys, cosigner]: readonly Item[], block: BlockOf): void {
    const organisation = this.organisations.get(id);
    if (organisation === undefined) return;
    for (const old of organisation.keys) this.#model.setKey(old, "retired");
    organisation.keys = list(keys).map((key) => {
      const [suite, publicKey] = list(key, 2);
      return this.#model.addKey(str(suite), bytes(publicKey), id);
    });
    if (organisation.status === "suspended") for (const key of organisation.keys) this.#model.setKey(key, "suspended");
    this.#cosigner(id, bytes(cosigner), block);
  }

  #cosigner(id: string, cosigner: Uint8Array, block: BlockOf): void {
    const organisation = this.organisations.get(id);
    if (organisation === undefined) return;
    organisation.cosigner = cosigner;
    this.#writeOrganisation(id);
    if (organisation.status === "active") this.#changeSet(block);
  }

  #person(body: readonly Item[], who: string, time: bigint): void {
    const roles = body[1] === undefined ? [] : list(body[1]).map(str);
    const person = `${who}/${hex(bytes(body[0]))}`;
    this.#persons.set(person, roles.join());
    this.#model.put(`person/${person}`, [roles, time]);
  }

  #proves(organisation: string, use: string, publicKey: Uint8Array, proof: Uint8Array): boolean {
    const content = sha256(writeCbor([this.#model.chain, organisation, use, publicKey]));
    return ed25519(publicKey, Buffer.concat([Buffer.from("anamnesis/possession/v1\0INTL-1\0"), content]), proof);
  }

  #changeSet(block: BlockOf): void {
    if (this.#changedIn !== block.sequence) this.#epoch++;
    this.#changedIn = block.sequence;
    this.#writeSet();
  }

  #writeSet(): void {
    const seats = this.active.toSorted().map((id) => [id, this.organisations.get(id)?.cosigner ?? new Uint8Array(0)]);
    this.#model.put("member-set", [this.#epoch, this.#logKey, seats]);
    this.#model.put("member-set-block", this.#changedIn);
  }

  #writeOrganisation(id: string): void {
    const organisation = this.organisations.get(id);
    if (organisation === undefined) return;
    const { name, status, keys, cosigner, proposals } = organisation;
    const ids = keys.map((key) => new Uint8Array(Buffer.from(key, "hex")));
    this.#model.put(`org/${id}`, [name, BigInt(STATUS.indexOf(status)), ids, cosigner, proposals]);
  }

  #writeProposal(number: bigint, { proposer, action, opened, expires, status, votes }: Proposal): void {
    const sorted = [...votes].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const value = [proposer, action, opened, expires, BigInt(OUTCOME.indexOf(status)), sorted];
    this.#model.put(`proposal/${number}`, value);
  }
}

const type = (action: Item): string => str(list(action)[0]);

/** The organisation that has no vote on it. */
function about(action: Item): string | undefined {
  const what = type(action);
  if (what === "policy") return undefined;
  const [, subject] = list(action);
  return what === "join" ? str(list(subject, 4)[0]) : str(subject);
}

const isOpen = (proposal: Proposal | undefined, time: bigint): boolean =>
  proposal?.status === "open" && time < proposal.expires;
