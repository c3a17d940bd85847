/** Bugs planted on purpose, each a small change of one source: the simulation must find every one of them. */
export interface Planted {
  readonly name: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

const EMBEDDED = "packages/engines/embedded/src";
const LEDGER = "packages/ledger/src";
const CONTRACTS = "packages/contracts/src";

export const PLANTED: readonly Planted[] = [
  {
    name: "COMMIT is not flushed",
    file: `${EMBEDDED}/sqlite.ts`,
    from: "PRAGMA synchronous = FULL",
    to: "PRAGMA synchronous = OFF",
  },
  {
    name: "a block is written in two transactions",
    file: `${EMBEDDED}/store.ts`,
    from: "this.#db.transaction(() => this.#insert(write));",
    to: `this.#db.transaction(() => this.#insert({ ...write, nodes: [] }));
    this.#db.transaction(() => { if (this.#writes !== undefined) this.#insertState(this.#writes, new Map(), write.nodes); });`,
  },
  {
    name: "a state value that is deleted or changed is forgotten for the last key of a block",
    file: `${LEDGER}/execute.ts`,
    from: "return { leaves: this.leaves, hashes, results, changes: this.changes };",
    to: "return { leaves: this.leaves, hashes, results, changes: new Map([...this.changes].slice(0, -1)) };",
  },
  {
    name: "nonces are not compared",
    file: `${LEDGER}/execute.ts`,
    from: 'nonce <= asUint(decode(last, "nonce"), "nonce")',
    to: 'nonce < 0 && asUint(decode(last, "nonce"), "nonce") > 0',
  },
  {
    name: "expired transactions are taken",
    file: `${LEDGER}/execute.ts`,
    from: "expires * 1000 <= this.#time",
    to: "expires * 1000 < 0",
  },
  {
    name: "a refused transaction leaves its leaf behind",
    file: `${LEDGER}/execute.ts`,
    from: "    this.leaves.length = offset;\n    this.#hashes.length = chunks;\n",
    to: "",
  },
  {
    name: "a key may sign twice",
    file: `${LEDGER}/execute.ts`,
    from: "if (seen.has(id))",
    to: "if (seen.has(id) && seen.size > 16)",
  },
  {
    name: "the same transaction again gets no receipt",
    file: `${EMBEDDED}/engine.ts`,
    from: "if (final !== undefined) return final",
    to: "if (final !== undefined && final.index < 0) return final",
  },
  {
    name: "a transaction's id does not say whose it is",
    file: `${LEDGER}/transaction.ts`,
    from: "p.sha256(concat(TX_DOMAIN, keyId, bytes))",
    to: "p.sha256(concat(TX_DOMAIN, keyId.subarray(0, 0), bytes))",
  },
  {
    name: "a signature found wrong counts as verified",
    file: `${EMBEDDED}/admission.ts`,
    from: "if (verdicts.every((each) => each)) return true;",
    to: "if (verdicts.length > 0) return true;",
  },
  {
    name: "receipts point one leaf too far",
    file: `${EMBEDDED}/block.ts`,
    from: "index: first + result.offset,",
    to: "index: first + result.offset + (result.offset > 0 ? 1 : 0),",
  },
  {
    name: "agreed time follows the clock backwards",
    file: `${EMBEDDED}/producer.ts`,
    from: "Math.max(clock.now(), last.time)",
    to: "clock.now()",
  },
  {
    name: "an older store is opened",
    file: `${EMBEDDED}/open.ts`,
    from: "  if (prefix) return;\n",
    to: "  if (prefix || seen.size > 0) return;\n",
  },
  {
    name: "the remembered checkpoint is never renewed",
    file: `${EMBEDDED}/remembered.ts`,
    from: "if (this.#timer !== undefined) return;",
    to: "if (this.#timer !== undefined || this.#file !== '') return;",
  },
  {
    name: "events need not be those that were signed",
    file: `${CONTRACTS}/events/module.ts`,
    from: "if (!equal(treeHash(context.primitives, hashes), header.root)) {",
    to: "if (hashes.length === 0) {",
  },
  {
    name: "a stretch of a source may be skipped",
    file: `${CONTRACTS}/events/module.ts`,
    from: "if (order > 0) return refuse",
    to: "if (order > 1e9) return refuse",
  },
  {
    name: "a position of the source is not moved",
    file: `${CONTRACTS}/events/module.ts`,
    from: "    position: header.to,\n",
    to: "    position: known?.position ?? header.to,\n",
  },
  {
    name: "a vote is counted twice",
    file: `${CONTRACTS}/registry/tally.ts`,
    from: "counted.filter((vote) => vote.yes).length",
    to: "counted.filter((vote) => vote.yes).length + (votes.length > 2 ? 1 : 0)",
  },
  {
    name: "an expired proposal takes votes",
    file: `${CONTRACTS}/registry/voting.ts`,
    from: "if (context.time >= proposal.expires)",
    to: "if (context.time > proposal.expires * 2)",
  },
  {
    name: "just the share is enough",
    file: `${LEDGER}/policy.ts`,
    from: "yes * whole > of * part",
    to: "yes * whole >= of * part",
  },
  {
    name: "one vote alone carries",
    file: `${CONTRACTS}/registry/tally.ts`,
    from: "const YES_MIN = 2;",
    to: "const YES_MIN = 1;",
  },
  {
    name: "the one concerned votes",
    file: `${CONTRACTS}/registry/voting.ts`,
    from: "if (concerned(proposal.action) === voter) {",
    to: "if (concerned(proposal.action) === voter && proposal.votes.length > 99) {",
  },
  {
    name: "suspended keys go on signing",
    file: `${CONTRACTS}/registry/membership.ts`,
    from: 'changing(context, id, ["active"], "suspended", "suspended");',
    to: 'changing(context, id, ["active"], "suspended", "active");',
  },
  {
    name: "who was suspended still counts as a voter",
    file: `${CONTRACTS}/registry/membership.ts`,
    from: 'if (organisation.status === "active") {',
    to: 'if (organisation.status === "active" && status !== "suspended") {',
  },
  {
    name: "the epoch rises with every change, also twice in a block",
    file: `${CONTRACTS}/registry/rules.ts`,
    from: "set.epoch + (changedAlready ? 0 : 1)",
    to: "set.epoch + 1",
  },
  {
    name: "a new key need not sign for itself",
    file: `${CONTRACTS}/registry/new-keys.ts`,
    from: "if (proves(primitives, { chain, organisation, use, key }, proof)) return null;",
    to: "if (proof.length > 0 || proves(primitives, { chain, organisation, use, key }, proof)) return null;",
  },
  {
    name: "the creator is paid for its own cosignature as well",
    file: `${CONTRACTS}/incentive/rule.ts`,
    from: "new Set(cosigners.filter((id) => id !== creator));",
    to: "new Set(cosigners);",
  },
  {
    name: "who let its turn pass has not missed it",
    file: `${CONTRACTS}/incentive/rule.ts`,
    from: "line.slice(0, Math.max(place, 0))",
    to: "line.slice(0, Math.min(place, 0))",
  },
  {
    name: "what events may bring in an hour is never begun anew",
    file: `${CONTRACTS}/incentive/rule.ts`,
    from: "standing.epoch === epoch ? standing.worked : 0",
    to: "standing.worked",
  },
  {
    name: "one cosignature too few is enough",
    file: `${CONTRACTS}/incentive/module.ts`,
    from: "seal.cosignatures.length >= needed)",
    to: "seal.cosignatures.length >= needed - 1)",
  },
  {
    name: "a replica takes a log that contradicts its own",
    file: `${EMBEDDED}/replica/replica.ts`,
    from: `    if (!sameLeaves(closed.built.leaves, block.leaves)) {
      throw this.#refused(block, "its leaves or its state root do not follow from its commands");
    }
    requireCheckpoint(block, closed, signer);
`,
    to: "    void sameLeaves, requireCheckpoint;\n",
  },
];
