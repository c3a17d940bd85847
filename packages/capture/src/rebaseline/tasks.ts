/** What there is to do: requests of operators first, then tables whose rows are not all gone through. */
import { AnamnesisError, toHex } from "@anamnesis/core";
import type { CaptureOptions } from "../capture.ts";
import { formersOf } from "../former.ts";
import { keepsKeyText, type Layout, layoutOf } from "../layout.ts";
import type { OpenRequest } from "../requests.ts";
import type { Sealer } from "../sealer.ts";
import type { SliceRequest, TableSchema } from "../source.ts";
import type { PendingReason } from "../table-notes.ts";
import { verifyError } from "../verify/errors.ts";
import { parseKeyText, RowIdentity } from "../verify/row-identity.ts";
import { type AcceptPass, acceptPass } from "./accept.ts";
import { KeyedPass } from "./keyed.ts";
import { MultisetPass } from "./multiset.ts";
import type { Pass, PassContext } from "./pass.ts";
import { RekeyPass } from "./rekey.ts";

/** About so many rows in one transaction at the source. */
const SLICE_ROWS = 20_000;

export interface Task {
  /** Names it among the tasks. */
  readonly key: string;
  /** Undefined: the table is gone, and only the index is gone through. */
  readonly table: TableSchema | undefined;
  readonly request: SliceRequest;
  /** Needs slices that see all that was written before the table was first sent. */
  readonly first: boolean;
  /** Begins when all tasks before it are final, and ends when it is: it looks at what they said. */
  readonly alone: boolean;
  /** Rows get other handles: it ends when changes that showed former ones need not be delivered again. */
  readonly rekeys: boolean;
  readonly who: { readonly actor?: string; readonly purpose?: string };
  /** `casts` false: the source could not read them. */
  makePass(casts: boolean): Pass;
  /** Everything before this place is gone through and final. */
  reached(place: string): void;
  /** Seals what ends the task. */
  finish(sealer: Sealer): void;
  /** All of it is final. */
  settle(): void;
  /** It cannot be done. True when somebody was told; false: it has to be tried again. */
  refuse(error: unknown): boolean;
}

export interface TaskSources {
  readonly capture: CaptureOptions;
  readonly tables: readonly TableSchema[];
  readonly context: PassContext;
}

export function nextTask(from: TaskSources, isResting: (key: string) => boolean): Task | undefined {
  const { progress } = from.capture;
  for (const request of progress.requests.open()) {
    if (isResting(requestKey(request))) continue;
    try {
      return acceptTask(from, request);
    } catch (error) {
      if (!(error instanceof AnamnesisError)) throw error;
      progress.requests.settle(request.id, error);
    }
  }
  const pending = progress.tables.pending();
  for (const table of from.tables) {
    const why = pending.get(toHex(table.handle));
    if (why !== undefined && !isResting(table.name)) return baselineTask(from, table, why);
  }
  return undefined;
}

const requestKey = ({ id }: OpenRequest): string => `request ${id}`;

function baselineTask({ capture, context }: TaskSources, table: TableSchema, why: PendingReason): Task {
  const notes = capture.progress.tables;
  const layouts: readonly Layout[] = notes.layouts(table.handle);
  const keyed = table.keyColumns.length > 0;
  // Where rows get other handles each must be met exactly once: that takes one moment for all of them.
  const sliced = keyed && why !== "key";
  const from = sliced ? notes.place(table.handle) : undefined;
  return {
    ...{ key: table.name, table, first: why === "first", alone: false, rekeys: why === "key", who: {} },
    request: { ...(sliced ? { rows: SLICE_ROWS } : {}), ...(from === undefined ? {} : { from }) },
    makePass(casts) {
      if (why === "key" && table.identity === "full" && (!keyed || changesTell(context, table, layouts)))
        return new RekeyPass(context, table, layouts, casts);
      return keyed
        ? new KeyedPass(context, table, { why, layouts, casts, since: notes.since(table.handle) })
        : new MultisetPass(context, table, { first: why === "first", layouts, casts });
    },
    reached: (place) => notes.setPlace(table.handle, place),
    finish: (sealer) => sealer.tell(table.handle, null, table.schemaId),
    settle() {
      // Another reason may have come up meanwhile.
      capture.progress.together(() => {
        if (notes.pending().get(toHex(table.handle)) === why) {
          notes.setThrough(table.handle, layoutOf(table));
          // The stream has passed the marker behind the slices, which saw these columns.
          notes.setCarried(table.handle, layoutOf(table), capture.progress.passed() ?? 0n);
        }
        capture.progress.addBaselined([toHex(table.handle)]);
      });
    },
    refuse: () => false,
  };
}

/** Whether before-images say which former row a change went on from: not where a key's values have to be cast back. */
const changesTell = (context: PassContext, table: TableSchema, layouts: readonly Layout[]): boolean =>
  formersOf(context.primitives, table, layouts).every(({ plan }) => keepsKeyText(plan));

function acceptTask({ capture, context, tables }: TaskSources, asked: OpenRequest): Task {
  const { requests } = capture.progress;
  const table = tables.find((t) => t.name === asked.table);
  const handle = table?.handle ?? capture.handles.table(asked.table);
  if (table === undefined && !capture.index.tables().some((t) => toHex(t.handle) === toHex(handle))) {
    throw verifyError("capture/unknown-table", "no captured table has this name", { table: asked.table });
  }
  const known = table ?? goneTable(asked.table, handle);
  const only = asked.key === null ? undefined : rowHandle(context, known, asked.key);
  const values = asked.key === null ? [] : parseKeyText(asked.key).filter((part) => part !== null);
  const keyed = table !== undefined && table.keyColumns.length > 0 && asked.key !== null;
  let pass: AcceptPass | undefined;
  return {
    ...{
      key: requestKey(asked),
      table,
      first: false,
      alone: true,
      rekeys: false,
      request: keyed ? { key: values } : {},
    },
    who: { purpose: asked.reason, ...(asked.actor === undefined ? {} : { actor: asked.actor }) },
    makePass() {
      pass = acceptPass(context, known, only);
      return pass;
    },
    reached: () => undefined,
    finish: () => undefined,
    settle: () => requests.settle(asked.id, { accepted: pass?.accepted ?? 0 }),
    refuse(error) {
      if (!(error instanceof AnamnesisError) || error.code === "capture/timeout") return false;
      requests.settle(asked.id, error);
      return true;
    },
  };
}

/** A table of which only the ledger knows: that it has a key must be assumed, and its rows are named by their handles. */
const goneTable = (name: string, handle: Uint8Array): TableSchema => ({
  ...{ name, handle, schemaId: new Uint8Array(8), columns: [], keyColumns: [0], subjectColumns: [] },
  ...{ identity: "nothing", estimate: 0 },
});

/** @throws AnamnesisError `capture/malformed-key` */
function rowHandle(context: PassContext, table: TableSchema, key: string): Uint8Array {
  if (/^#[0-9a-f]{32}$/.test(key)) return Buffer.from(key.slice(1), "hex");
  const handle = new RowIdentity(table, context.handles, context.sealers).handleOfText(key);
  if (handle !== undefined) return handle;
  throw verifyError("capture/malformed-key", "the key has another number of parts than the table's", {
    table: table.name,
  });
}
