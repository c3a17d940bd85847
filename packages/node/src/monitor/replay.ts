/** Executing what a watched log adds: a consistent log may still hold blocks that break the rules. */
import { contract } from "@anamnesis/contracts";
import { catchUp, type FollowedLog, LogRefused, openOrFound, type Replica } from "@anamnesis/embedded";
import { accuse, keepEvidence } from "../follower/accuse.ts";
import { primitives } from "../system.ts";
import type { Alarm } from "./alarm.ts";
import type { MonitorFolder } from "./open.ts";

export interface Replaying {
  /** Level with the log afterwards; answers with what convicts its orderer, if something does. @throws what fetching throws */
  once(): Promise<Pick<Alarm, "size" | "evidence"> | undefined>;
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
export function replaying({ folder, log, signal, onProgress }: ReplayOptions): Replaying {
  const { genesis, ledger: dir } = folder;
  const progress = onProgress === undefined ? {} : { onProgress };
  let replica: Replica | undefined;
  return {
    async once() {
      replica ??= await openOrFound({ dir, genesis, primitives, contract }, log);
      try {
        await catchUp(replica, log, { primitives, signal, ...progress });
        return undefined;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (!(error instanceof LogRefused)) throw error;
        const { size } = error.target;
        const tile = (path: string) => log.tile(path);
        const evidence = await accuse(error, { genesis, links: [], tile, replica });
        return { size, evidence: keepEvidence(folder.dir, error.objection.kind, size, evidence) };
      }
    },
    close: () => replica?.close(),
  };
}
