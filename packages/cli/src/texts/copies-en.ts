/** What `log snapshot | restore | import | prune` say, in English. */
const leaves = (n: number): string => `${n} ${n === 1 ? "leaf" : "leaves"}`;
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export const copiesEn = {
  yes: "do it, and answer for what cannot be checked",
  archive: "folder of a `log export` that holds the entries",
  snapshot: {
    about: "copy the ledger as of one moment, also while its node runs",
    out: "new folder for the snapshot",
    copying: "copying",
    done: (size: number, out: string) => `Snapshot of ${leaves(size)} in ${out}`,
    keys: "Keys, configuration and what was cosigned are not in it: keep a copy of the data folder too.",
  },
  restore: {
    about: "make a snapshot the ledger of this folder, after checking all of it",
    from: "folder of the snapshot",
    copying: "copying",
    checking: "checking",
    done: (size: number) => `Restored ${leaves(size)}`,
    executed: "Every block was executed again and came out the same.",
    notExecuted: (pruned: number) =>
      `The entries of ${leaves(pruned)} are not in it: its state was compared with the signed checkpoint, not executed again.`,
    toReach: (size: number) =>
      `This member had seen ${leaves(size)}: the node catches up, and the log must lead there.`,
  },
  import: {
    about: "fetch, check and execute the blocks of this folder's ledger from an export or from a member's node",
    from: "folder that `log export` wrote, or the address of a node",
    token: "the members' token for entries, with an address",
    executing: "executing",
    done: (before: number, size: number) => `Executed ${leaves(size - before)}; the ledger has ${leaves(size)}`,
  },
  prune: {
    about: "drop the entries of old leaves; their hashes, and with them every proof, stay",
    before: "leaves from this index on stay",
    keepDays: "what became final in the last so many days stays",
    compact: "give the space back to the disk at once; the node must be stopped",
    dropping: "dropping",
    plan: (from: number, to: number, bytes: number) =>
      from === to ? "There is nothing to drop." : `Leaves ${from} to ${to - 1}, ${mebibytes(bytes)}`,
    needsYes: "Nothing was dropped. Repeat with --yes to drop them.",
    done: (from: number, to: number) =>
      from === to ? "There was nothing to drop." : `Dropped leaves ${from} to ${to - 1}`,
    archive: (folder: string) => `They are read from ${folder} as long as that is there: keep it.`,
    members: "The members who sealed them hold them. See to it that at least one of them drops nothing.",
    later: "The space is used for what comes; --compact gives it back to the disk.",
  },
  verify: {
    pruned: (pruned: number) =>
      `The entries of ${leaves(pruned)} were dropped: only their hashes were checked, and nothing was executed. With --archive all of it is.`,
  },
};
