/** What a witness must never forget: per log, the newest tree that it cosigned. */

export interface WitnessedTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** Seconds since 1970: when it was cosigned last. */
  readonly time: number;
  /** The checkpoint with the log's signatures and the cosignature, as a signed note. */
  readonly note: string;
}

/**
 * The port of a witness's memory. `handleAddCheckpoint` reads, checks and then replaces, and sends a cosignature only after
 * `replace` said yes. Any number of requests, also of several processes, may do so at the same time.
 */
export interface WitnessStore {
  /** The newest tree cosigned for the log of this origin line. */
  latest(origin: string): Promise<WitnessedTree | undefined>;

  /**
   * Compare and set, in one step: puts `next` in the place of `before` (`undefined`: of nothing) and answers true, or finds a
   * tree of another size or root there, changes nothing and answers false. When it answers true, `next` survives a crash
   * of the machine. When the process dies before it answers, either tree may be there.
   */
  replace(
    origin: string,
    before: Pick<WitnessedTree, "size" | "root"> | undefined,
    next: WitnessedTree,
  ): Promise<boolean>;
}
