/** What a running node serves to the other members. */
import type { ConsortiumRoutes, ServeOptions } from "@anamnesis/gateway";
import type { FollowState, RunningNode, SealState } from "@anamnesis/node";

/** Answer of `/members`, and what people are shown. */
export interface MembersStatus {
  readonly organisation: string;
  readonly role: "orders" | "follows";
  /** Leaves here. */
  readonly size: number;
  readonly follow: FollowState | null;
  readonly seals: SealState | null;
  /** Sources of which the ledger takes nothing for now, and the code that says why; a node of an older version does not say it. */
  readonly waiting?: readonly { readonly source: string; readonly code: string }[];
}

async function membersStatus({ folder, engine, member, sources }: RunningNode): Promise<MembersStatus> {
  const { size } = await engine.health();
  const { organisation } = folder.config;
  const waiting = [...sources.values()].flatMap(({ name, now }) =>
    now.phase === "waiting" ? [{ source: name, code: now.code ?? "internal" }] : [],
  );
  const { role } = member;
  return { organisation, role, size, follow: member.follow() ?? null, seals: member.seals() ?? null, waiting };
}

export function consortiumOf(node: RunningNode, token: string): Pick<ServeOptions, "consortium" | "submit" | "notice"> {
  const { member } = node;
  const consortium: ConsortiumRoutes = {
    notes: (sequence) => member.notes(sequence),
    cosigned: (note) => member.cosigned(note),
    sealed: (epoch) => member.sealed(epoch),
    get links() {
      return member.links;
    },
    withheld: () => member.withheld(),
    members: () => membersStatus(node),
  };
  return {
    consortium,
    submit: { token, submit: (tx, onPromise) => member.submit(tx, onPromise) },
    notice: () => noticeOf(member.follow()),
  };
}

function noticeOf(state: FollowState | undefined): string | undefined {
  if (state?.kind === "cut-off") return `read-only; cut off since ${new Date(state.sinceMs).toISOString()}`;
  if (state?.kind === "refused")
    return `read-only; the orderer is refused since ${new Date(state.sinceMs).toISOString()}`;
  return undefined;
}
