/** What `monitor` says, in English. */
import type { AlarmKind } from "@anamnesis/node";

const leaves = (n: number): string => `${n} ${n === 1 ? "leaf" : "leaves"}`;

const alarms: Readonly<Record<AlarmKind, (face: string, size: number, against: number) => string>> = {
  fork: (face, size, against) =>
    `the log has two faces: what ${face} shows (${leaves(size)}) contradicts what was seen before (${leaves(against)}), and both are signed by its key`,
  "bad-block": (face, size) => `a block of the log at ${face} (${leaves(size)}) does not follow from the rules`,
  "back-dated": (face, size) =>
    `a block of the log at ${face} (${leaves(size)}) bears a time long before members cosigned the log without it`,
  older: (face, size, against) =>
    `${face} shows ${leaves(size)} and has shown ${against} before: an older copy was put back`,
  behind: (face, size, against) => `${face} still shows ${leaves(size)} while others were shown ${against}`,
  foreign: (face) => `what ${face} shows as the log's checkpoint is not signed by its key`,
  unproven: (face, size, against) =>
    `${face} shows a checkpoint of ${leaves(size)}, but no tiles that prove how it continues the ${against} seen before`,
  unwitnessed: (face, count, least) =>
    `${face} has ${count} of the ${least} cosignatures demanded, or they are too old`,
};

export const monitorEn = {
  about: "follow a log from outside, and raise an alarm with evidence when it shows two faces",
  url: "address of the log",
  genesis: "genesis.json of the log, from somebody you trust (default: the log's own, on the first start)",
  dir: "folder where what was seen is kept, and evidence written",
  peer: "another address that shows the same log: a member, a mirror, a witness (http://…/logs/<hash>)",
  every: "seconds between two looks",
  patience: "seconds for which the log may lag behind what others were shown",
  once: "look once, and say",
  watching: (url: string, chain: string, size: number) =>
    `Watching ${url}, chain ${chain}${size > 0 ? `, seen up to ${leaves(size)}` : ""}`,
  firstUse: "Believed the log's own founding document: give --genesis to start from one you trust.",
  alarmsBefore: (n: number) => `${n} ${n === 1 ? "alarm was" : "alarms were"} raised before: --once --json lists them.`,
  size: (size: number, root: string) => `${leaves(size)}, root ${root}…`,
  alarm: "ALARM",
  alarms,
  evidence: (path: string) => `Evidence: ${path}. Anybody checks it with: anamnesis proof check ${path}`,
  trouble: (what: string) => `Could not ask: ${what}`,
  allWell: "Everybody answers again.",
  replaying: "executing blocks",
};
