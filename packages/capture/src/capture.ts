/** What `runCapture` is given and what it tells. */
import type { ChainId, OrgId, SourceId } from "@anamnesis/core";
import type { Handles, Primitives, Signer } from "@anamnesis/crypto";
import type { Engine } from "@anamnesis/ledger";
import type { DigestStore } from "./digests/store.ts";
import type { Interlude } from "./interlude.ts";
import type { KeyStore } from "./keystore.ts";
import type { RetentionLimits, RetentionState } from "./limits/retention.ts";
import type { Progress } from "./progress.ts";
import type { GapReason } from "./resume.ts";
import type { RowIndexReader, RowIndexWriter } from "./row-index.ts";
import type { Source } from "./source.ts";
import type { ActorOf } from "./speaker.ts";

export interface CaptureOptions {
  readonly source: Source;
  readonly engine: Engine;
  readonly chain: ChainId;
  readonly organisation: OrgId;
  readonly sourceId: SourceId;
  /** The organisation's key. Nonces start from the clock, so other users of the key may do the same. */
  readonly signer: Signer;
  readonly primitives: Primitives;
  /** Under the source's handle key. */
  readonly handles: Handles;
  readonly index: RowIndexWriter & RowIndexReader;
  readonly keystore: KeyStore;
  /** Notes of large values that updates leave out. Without it such rows are unvouched until they are written whole. */
  readonly digests?: DigestStore;
  readonly progress: Progress;
  /** Return once everything that was committed at the start is final; otherwise go on until the signal aborts. */
  readonly untilCaughtUp?: boolean;
  /**
   * Also wait for a database that cannot be reached at the start (a lost one is always waited for), and until members who have
   * suspended the organisation take it back.
   */
  readonly patient?: boolean;
  /** How much of its log the source may keep for us. Default 1 GiB (warn) and 8 GiB (give up). */
  readonly limits?: RetentionLimits;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CaptureProgress) => void;
  /** A verifier's marker has passed: everything before it is final and indexed. */
  readonly onBarrier?: (token: string) => void;
  /** What has events to tell that belong to no transaction. */
  readonly interludes?: readonly Interlude[];
  /** Another witness of who wrote, for transactions that name nobody. */
  readonly actorOf?: ActorOf;
  /** Leaves nothing of what was overwritten in the journals of the local stores; false: somebody reads, ask again. */
  readonly scrub?: () => boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface CaptureProgress {
  readonly phase: "starting" | "baseline" | "streaming" | "waiting" | "reconnecting";
  /** `baseline`: the table that is read, rows so far, and rows as the source estimates them. */
  readonly table?: string;
  readonly rows?: number;
  readonly estimate?: number;
  /** `waiting`, `reconnecting`: code of what is in the way. */
  readonly code?: string;
  /** Final since `runCapture` was called. */
  readonly events: number;
  readonly batches: number;
  /** Everything before it is final and indexed. */
  readonly passed: bigint;
  /** What the source keeps of its log for us, as seen last. */
  readonly retention?: RetentionState;
  /** Events sealed and not yet final. */
  readonly pending: number;
  /** Commit time (µs since 1970) of the newest transaction delivered. */
  readonly newest: number;
}

export interface CaptureSummary {
  readonly events: number;
  readonly batches: number;
  /** Gaps and restores declared in this run. */
  readonly declared: readonly (GapReason | "restored")[];
  readonly passed: bigint;
  /** Messages and rows that were ignored: malformed actor messages, tables that are not captured. */
  readonly ignored: number;
}
