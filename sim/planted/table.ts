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
    from: 'if (expires * 1000 <= this.#time) return { code: "ledger/expired"',
    to: 'if (expires * 1000 < 0) return { code: "ledger/expired"',
  },
  {
    name: "a refused transaction leaves its leaf behind",
    file: `${LEDGER}/execute.ts`,
    from: "    this.leaves.length = leaves;\n    this.#hashes.length = hashes;\n",
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
    file: `${EMBEDDED}/rollback.ts`,
    from: "if (seen === undefined || holds(p, anchor, seen)) return undefined;",
    to: "if (seen === undefined || holds(p, anchor, seen) || seen.size > 0) return undefined;",
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
    name: "a retired key goes on signing",
    file: `${LEDGER}/execute.ts`,
    from: 'if (status === "active") return null;',
    to: 'if (status !== "suspended") return null;',
  },
  {
    name: "a refusal stands in the log of what would be executed",
    file: `${LEDGER}/execute.ts`,
    from: 'if (refusal === null) return notRefused("it would be executed here");',
    to: "void refusal;",
  },
  {
    name: "what was refused in the log can come again",
    file: `${LEDGER}/execute.ts`,
    from: "    context.put(noncePath(firstKey(inner)), encode(nonce));\n",
    to: "    void nonce;\n",
  },
  {
    name: "whoever refuses a later transaction of its own gets its nonce back",
    file: `${LEDGER}/execute.ts`,
    from: "if (refusal === null && !this.#isUsed(tx))",
    to: "if (refusal === null)",
  },
  {
    name: "one nonce is good for two transactions",
    file: `${LEDGER}/execute.ts`,
    from: 'tx.transaction.nonce <= asUint(decode(last, "nonce"), "nonce")',
    to: 'tx.transaction.nonce < asUint(decode(last, "nonce"), "nonce")',
  },
  {
    name: "what a key signs as a transaction it has signed as anything",
    file: `${LEDGER}/transaction.ts`,
    from: "concat(SIGNATURE_DOMAIN, utf8(",
    to: "concat(SIGNATURE_DOMAIN.subarray(0, 0), utf8(",
  },
  {
    name: "an answer is given before the block is kept",
    file: `${EMBEDDED}/producer.ts`,
    from: "    this.#store.append(write);\n",
    to: "    setTimeout(() => this.#store.append(write), 0);\n",
  },
  {
    name: "the state cache keeps the first value of a key",
    file: `${EMBEDDED}/state.ts`,
    from: "for (const [key, value] of changes) this.#recent.set(key, value);",
    to: "for (const [key, value] of changes) if (this.#recent.get(key) === undefined) this.#recent.set(key, value);",
  },
  {
    name: "receipts count one leaf only",
    file: `${EMBEDDED}/block.ts`,
    from: "count: result.count, sequence, time",
    to: "count: 1, sequence, time",
  },
  {
    name: "a replica does not look at the checkpoint of a block",
    file: `${EMBEDDED}/replica/replica.ts`,
    from: "    requireCheckpoint(block, closed, signer);\n",
    to: "    void requireCheckpoint;\n",
  },
  {
    name: "whoever catches up does not ask whether the log continues its own",
    file: `${EMBEDDED}/replica/catch-up.ts`,
    from: "if (!continues) {",
    to: "if (!continues && target.size < 0) {",
  },
  {
    name: "the quota does not fill again",
    file: `${CONTRACTS}/events/quota.ts`,
    from: "left: filled ? full : left + elapsed * perSecond",
    to: "left: elapsed > 1e12 ? full : left",
  },
  {
    name: "the quota gives one event more",
    file: `${CONTRACTS}/events/quota.ts`,
    from: "if (rest < 0) {",
    to: "if (rest < -1000) {",
  },
  {
    name: "an event may lie behind the end of its batch",
    file: `${CONTRACTS}/events/module.ts`,
    from: "ordinal > header.to.ordinal)",
    to: "ordinal > header.to.ordinal + 1)",
  },
  {
    name: "another life of a source passes for the same",
    file: `${CONTRACTS}/events/module.ts`,
    from: "if (!equal(known.incarnation, header.incarnation)) {",
    to: "if (known.incarnation.length !== header.incarnation.length) {",
  },
  {
    name: "a key that was replaced goes on signing",
    file: `${CONTRACTS}/registry/own.ts`,
    from: 'for (const key of retired) setKeyStatus(context, key, "retired");',
    to: "void setKeyStatus;",
  },
  {
    name: "keys that were lost go on signing after a recovery",
    file: `${CONTRACTS}/registry/membership.ts`,
    from: 'for (const key of organisation.keys) setKeyStatus(context, key, "retired");\n    const ids',
    to: "const ids",
  },
  {
    name: "a key that is known is taken again",
    file: `${CONTRACTS}/registry/new-keys.ts`,
    from: "return known ? refuse",
    to: "return known && keys.length > 99 ? refuse",
  },
  {
    name: "a cosigner key sits in two seats",
    file: `${CONTRACTS}/registry/new-keys.ts`,
    from: "if (!taken && !equal(logKey, cosigner)) return null;",
    to: "if (!equal(logKey, cosigner) || taken) return null;",
  },
  {
    name: "the first vote of a member stands for good",
    file: `${CONTRACTS}/registry/proposal.ts`,
    from: "[...votes.filter(({ organisation }) => organisation !== vote.organisation), vote]",
    to: "votes.some(({ organisation }) => organisation === vote.organisation) ? [...votes] : [...votes, vote]",
  },
  {
    name: "the epoch does not rise",
    file: `${CONTRACTS}/registry/rules.ts`,
    from: "set.epoch + (changedAlready ? 0 : 1)",
    to: "set.epoch + (changedAlready ? 0 : 0)",
  },
  {
    name: "old cosignatures seal what came after them",
    file: `${CONTRACTS}/incentive/module.ts`,
    from: "if (cosignature.time < Math.floor(opened / 1000)) {",
    to: "if (cosignature.time < 0) {",
  },
  {
    name: "a checkpoint is sealed twice",
    file: `${CONTRACTS}/incentive/module.ts`,
    from: "if (size <= sealing.size)",
    to: "if (size < sealing.size)",
  },
  {
    name: "everybody's turn comes with the first one's",
    file: `${CONTRACTS}/incentive/module.ts`,
    from: "if (time >= turnAt(sealing, place)) return null;",
    to: "if (time >= turnAt(sealing, 0)) return null;",
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
