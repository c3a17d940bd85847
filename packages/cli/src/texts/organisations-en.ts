/** What a ledger of several organisations says, in English. */
export const organisationsEn = {
  option: "organisations of the sandbox, each with a process, keys and a replica of its own",
  /** What the processes of the organisations are started with. */
  language: "en",
  founding: (n: number) => `${n} organisations found a ledger, each with its own process and keys …`,
  databases: (n: number) => `Starting PostgreSQL: one server with ${n} databases, a hospital each …`,
  filling: (name: string, done: number, total: number) => `${name}: inventing a hospital, ${done} of ${total} rows`,
  hints: (pid: number, url: string): readonly string[] => [
    "Cut one off and watch it catch up:",
    `  kill -STOP ${pid}; sleep 20; kill -CONT ${pid}`,
    "Kill one: it is started again after 5 seconds and goes on where it was:",
    `  kill -9 ${pid}`,
    "Ask one for the checkpoint, with all cosignatures it knows:",
    `  curl ${url}/sealed`,
  ],
  head: ["", "process", "leaves", "cosigned", ""],
  begins: "starts",
  down: "does not answer",
  orders: "orders",
  follows: "follows",
  starting: "waits for the orderer",
  catchingUp: (total: number) => `catches up with ${total}`,
  cutOff: (code: string) =>
    code === "ledger/pruned"
      ? "the orderer dropped the entries that follow: restore a newer snapshot (`anamnesis log restore`)"
      : `cut off (${code}): read-only on what it verified last`,
  refused: (why: string) => `refuses the orderer: ${why}`,
  sealed: (by: number, of: number, size: number, epoch: number) =>
    `sealed by ${by} of ${of} up to ${size} (epoch ${epoch})`,
  notSealed: "not sealed yet",
  waits: (name: string, text: string, remedy: string, code: string) =>
    `Capture of ${name} waits: ${text}. ${remedy} [${code}]`,
  waitsShort: (code: string) => `capture waits (${code})`,
  capturesOn: (name: string) => `Capture of ${name} goes on.`,
  evidence: (path: string) => `Evidence against the orderer: ${path} (check it with: anamnesis proof check)`,
  caughtUp: (size: number) => `Level with the orderer: ${size} leaves.`,
  progress: "Catching up",
};
