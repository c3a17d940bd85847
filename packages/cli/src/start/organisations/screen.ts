/** One line per organisation: how far it is, what it has cosigned, and what is wrong with it. */
import type { MembersStatus } from "../../consortium.ts";
import type { Session } from "../../output/session.ts";
import { cut, table } from "../../output/table.ts";
import { urlOf } from "./plan.ts";
import type { MemberProcess } from "./process.ts";

export interface MembersScreen {
  readonly everyMs: number;
  draw(seen: readonly (MembersStatus | undefined)[]): void;
}

export function membersScreen(
  session: Session,
  out: NodeJS.WriteStream,
  members: readonly MemberProcess[],
): MembersScreen {
  const { organisations, start } = session.texts;
  const last = members.at(-1);
  session.print(session.style.bold(start.title));
  for (const line of organisations.hints(last?.pid ?? 0, last === undefined ? "" : urlOf(last.place)))
    session.print(line);
  session.print(session.style.dim(start.stop));
  let drawn = 0;
  return {
    everyMs: session.live ? 1000 : 5000,
    draw(seen) {
      const cosigned = newestCosigned(seen);
      const rows = members.map((member, i) => rowOf(member, seen[i], cosigned, session));
      const lines = [...table([organisations.head, ...rows]), sealLine(seen, session)];
      if (!session.live) return lines.forEach((line) => session.print(line));
      session.progress.clear();
      const shown = lines.map((line) => cut(line, Math.max(20, out.columns - 1)));
      out.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ""}${shown.join("\n")}\n`);
      drawn = shown.length;
    },
  };
}

function rowOf(
  member: MemberProcess,
  seen: MembersStatus | undefined,
  cosigned: ReadonlyMap<string, number>,
  session: Session,
): string[] {
  const { organisations: t } = session.texts;
  const { name } = member.place;
  const pid = String(member.pid ?? "–");
  if (seen === undefined) {
    const { begins, problem } = member;
    return [name, pid, "–", "–", begins ? t.begins : [t.down, problem].join("   ")];
  }
  const waits = (seen.waiting ?? []).map(({ code }) => t.waitsShort(code));
  const state = [stateOf(seen, session), ...waits].join("   ");
  return [name, pid, String(seen.size), String(cosigned.get(name) ?? 0), state];
}

/** By organisation: also while the one that collects does not answer. */
function newestCosigned(seen: readonly (MembersStatus | undefined)[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const each of seen)
    for (const { id, size } of each?.seals?.members ?? []) sizes.set(id, Math.max(size, sizes.get(id) ?? 0));
  return sizes;
}

function stateOf({ role, follow }: MembersStatus, { texts }: Session): string {
  const { organisations: t } = texts;
  if (role === "orders") return t.orders;
  switch (follow?.kind) {
    case "following":
      return t.follows;
    case "catching-up":
      return t.catchingUp(follow.total);
    case "cut-off":
      return t.cutOff(follow.code);
    case "refused":
      return t.refused(follow.why);
    default:
      return t.starting;
  }
}

function sealLine(seen: readonly (MembersStatus | undefined)[], { texts }: Session): string {
  const seals = seen.map((each) => each?.seals).find((each) => each !== undefined && each !== null);
  if (seals === undefined || seals === null || seals.sealedSize === 0) return texts.organisations.notSealed;
  return texts.organisations.sealed(seals.sealedBy, seals.members.length, seals.sealedSize, seals.epoch);
}
