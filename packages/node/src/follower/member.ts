/** What a running node is in its consortium, whichever part it plays, and the ways to the others that it is given. */
import type { FollowedLog } from "@anamnesis/embedded";
import type { AskWitness, Receipt, SealedState, SignedTransaction, WitnessDeps } from "@anamnesis/ledger";
import type { OrdererConfig } from "../folder/consortium-config.ts";
import type { FollowState } from "./follow.ts";
import type { SubmitOnce } from "./orderer.ts";
import type { SealState } from "./sealing.ts";

/** How other members are reached; put together where the network is known. The signals end what is on its way. */
export interface Peers {
  follow(orderer: OrdererConfig, signal: AbortSignal): FollowedLog;
  submit(orderer: OrdererConfig): SubmitOnce;
  /** Links and newest sealed checkpoint that the orderer has, unchecked. */
  seals(orderer: OrdererConfig, signal: AbortSignal): Promise<OrdererSeals>;
  /** What a member's node says about leaves that are withheld from it, unchecked; undefined when it misses none. */
  withheld(url: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** `add-checkpoint` of a member's node. */
  ask(url: string, signal: AbortSignal): AskWitness;
}

export interface OrdererSeals {
  readonly links: readonly SealedState[];
  readonly newest?: SealedState;
}

export interface Submitted {
  readonly receipt: Receipt;
  readonly promise: Uint8Array | null;
}

export interface RunningMember {
  readonly role: "orders" | "follows";
  /** Answers `add-checkpoint`. */
  readonly witness: WitnessDeps;
  /** Undefined for the one that orders. */
  follow(): FollowState | undefined;
  /** Undefined before anything is known. */
  seals(): SealState | undefined;
  /** Signed checkpoints behind up to 256 blocks from `sequence` on. */
  notes(sequence: number): readonly string[];
  /** The note with the cosignatures known for its text. */
  cosigned(note: string): string;
  sealed(epoch?: number): SealedState | undefined;
  readonly links: readonly SealedState[];
  /** Statements about leaves that were not to be had; undefined when none are missed. */
  withheld(): Uint8Array | undefined;
  /** For those who submit over the network; `onPromise` is told one that is given before the outcome. @throws as `Engine.submit` */
  submit(transaction: SignedTransaction, onPromise: (promise: Uint8Array) => void): Promise<Submitted>;
}

export const NOTES_PAGE = 256;
