/** What `witness`, `monitor` and cosignatures in `log verify` say, in English. */

const many = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

export const witnessEn = {
  about: "cosign checkpoints of logs, each only as the continuation of the one before (C2SP tlog-witness)",
  dir: "folder of the witness; made on the first start",
  name: "name of the witness, such as witness.example/w1; needed on the first start",
  log: "a log to know from now on: its verifier key, its address, or a genesis.json file",
  port: "port to listen on (default: 8430)",
  host: "address to listen on (default: 127.0.0.1)",
  keyAbout: "print the witness's verifier key",
  trusted: (origin: string, key: string) => `Knows ${origin} from now on: ${key}`,
  firstUse: (url: string) => `The key came from ${url} itself: compare it with the log's operator.`,
  made: (name: string) => `Made the witness ${name}.`,
  key: (key: string) => `Its verifier key, for everybody who shall demand its cosignatures: ${key}`,
  noLogs: "It knows no log yet: name one with --log.",
  serving: (url: string, logs: number) => `Witness of ${many(logs, "log")} at ${url}/add-checkpoint`,
  keep: "Back up its folder as a whole: a witness that forgets what it cosigned must get a new key.",
  refused: (status: number) => `a request was refused with ${status}`,
  demand: "verifier key of a witness that must have cosigned the log (may be given several times)",
  least: "so many of the witnesses are enough (default: all of them)",
  fresh: "cosignatures must not be older than so many seconds",
  witnessed: (size: number, by: readonly string[]) =>
    `witnessed up to ${size} ${size === 1 ? "leaf" : "leaves"}: ${by.join(", ")}`,
  missing: (names: readonly string[]) => `not cosigned by ${names.join(", ")}`,
  outcome: {
    cosigned: (name: string) => `Witness ${name} cosigns`,
    unreachable: (name: string) => `Witness ${name} cannot be reached; asking again`,
    refused: (name: string) => `Witness ${name} refuses: does it know this log and its key?`,
    ahead: (name: string) =>
      `WARNING: witness ${name} has cosigned a larger log than this one. Is this folder an old copy, or does another node order this log?`,
    contradicted: (name: string) =>
      `WARNING: witness ${name} has cosigned a log that this one does not continue. This log was rewritten, or another node orders one in its name.`,
  },
};
