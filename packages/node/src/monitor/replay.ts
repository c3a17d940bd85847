/** Executing what a watched log adds: a consistent log may still hold blocks that break the rules. */
import { contract } from "@anamnesis/contracts";
import { catchUp, type FollowedLog, LogRefused, openOrFound, type Replica } from "@anamnesis/embedded";
import { foundingSet } from "@anamnesis/ledger";
import { accuse, keepEvidence } from "../follower/accuse.ts";
import { Dating } from "../follower/dating.ts";
import type { Found } from "../follower/found.ts";
import { overheard } from "../follower/watch.ts";
import { primitives } from "../system.ts";
import type { Alarm } from "./alarm.ts";
import type { MonitorFolder } from "./open.ts";

/** What convicts the orderer of a log that was executed again. */
export type ReplayAlarm = Pick<Alarm, "kind" | "size" | "evidence">;

export interface Replaying {
  /** Level with the log afterwards; answers with what convicts its orderer, if something does. @throws what fetching throws */
  once(): Promise<ReplayAlarm | undefined>;
  close(): void;
}

export interface ReplayOptions {
  readonly folder: MonitorFolder;
  /** With the members' token: entries and the signed checkpoint behind each block are for members. */
  readonly log: FollowedLog;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** The replica stands in the monitor's folder, so a restart goes on where it was. */
export function replaying({ folder, log: given, signal, onProgress }: ReplayOptions): Replaying {
  const { genesis, ledger: dir, memory } = folder;
  const progress = onProgress === undefined ? {} : { onProgress };
  let replica: Replica | undefined;
  // Who watches from outside holds no trust chain: the founding members are those whose cosignatures count.
  const members = foundingSet(genesis);
  const dating = new Dating({ genesis, links: () => [], members: () => members, replica: () => replica });
  const log = overheard(given, (note) => dating.learn(note));
  return {
    async once() {
      replica ??= await openOrFound({ dir, genesis, primitives, contract }, log);
      // What was seen before a restart, and nothing is behind it here yet.
      dating.learn(memory.at(replica.newest.size)?.note ?? "");
      try {
        await catchUp(replica, log, { primitives, signal, ...progress });
        return kept(folder, await dating.due(), replica.newest.size);
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof LogRefused)) throw error;
        const { size } = error.target;
        const evidence = await accuse(error, { genesis, links: [], tile: (path) => log.tile(path), replica });
        return kept(folder, { kind: error.objection.kind, label: String(size), evidence }, size);
      }
    },
    close: () => replica?.close(),
  };
}

function kept({ dir }: MonitorFolder, found: Found | undefined, size: number): ReplayAlarm | undefined {
  if (found === undefined) return undefined;
  const kind = found.kind === "back-dated" ? "back-dated" : "bad-block";
  return { kind, size, evidence: keepEvidence(dir, found.kind, found.label, found.evidence) };
}
