/** What `proof check` says about evidence, in English. */
import type { Finding } from "@anamnesis/ledger";

const leaves = (n: number): string => `${n} ${n === 1 ? "leaf" : "leaves"}`;
const time = (ms: number): string => new Date(ms).toISOString();

const faults: Readonly<Record<Extract<Finding, { kind: "bad-block" }>["fault"], string>> = {
  unreadable: "a leaf in it cannot be read, or stands where none may",
  unfinished: "the log ends in the middle of it",
  "wrong-number": "its number does not follow that of the block before",
  "time-backwards": "its time lies before that of the block before",
  "refused-command": "it holds a command that the rules refuse",
  "nothing-changed": "it holds nothing",
  "other-leaves": "its commands give other leaves than it has",
  "other-state": "its commands give another state than it names",
};

export const evidenceEn = {
  convicts: "The evidence holds: it convicts the log.",
  testifies: "The testimony holds: so many members state this. It is no proof by itself.",
  acquits: "The evidence does not hold: it convicts nobody.",
  log: (chain: string) => `accused: the log of ${chain}`,
  key: (hex: string) => `log key:  ${hex}`,
  genesis: (hex: string) => `genesis:  ${hex}`,
  founders: (ids: readonly string[]) => `founded by ${ids.join(", ")}`,
  epoch: (n: number) => `members of epoch ${n} count`,
  compare: "Compare log key and genesis with what you know from elsewhere, or give --genesis.",
  trusted: "The founding document is the one that was given.",

  finding(f: Finding): string {
    switch (f.kind) {
      case "fork":
        return f.older.size === f.newer.size
          ? `It signed two different logs of ${leaves(f.older.size)}.`
          : `It signed a log of ${leaves(f.older.size)}, and later one of ${leaves(f.newer.size)} that begins otherwise.`;
      case "bad-block":
        return `Its block at leaves ${f.from} to ${f.to - 1} breaks the rules: ${faults[f.fault]}.`;
      case "broken-promise":
        return `It promised to settle a transaction by ${time(f.byMs)}; up to its block of ${time(f.blockMs)} the log has neither executed nor refused it (nonce ${f.nonce}, found ${f.lastNonce ?? "none"}).`;
      case "back-dated":
        return `Its block ${f.sequence} (leaf ${f.index}) says ${time(f.blockMs)}, but ${f.cosigned} of ${f.of} members had cosigned the log before it, of ${leaves(f.sealedSize)}, until ${time(f.sealedMs)}. Either the block is dated back, or the log was out of reach of its members all that time.`;
      case "withheld":
        return `${f.members.length} of ${f.of} members state that it did not give out leaves ${f.from} to ${f.to - 1} of ${f.size}: ${f.members.join(", ")}.`;
    }
  },
};
