/** What a monitor can find wrong with a log. */

export type AlarmKind =
  /** Two checkpoints signed by the log contradict each other. Convicts: the evidence file stands alone. */
  | "fork"
  /** A block does not follow from the rules. Convicts as well. */
  | "bad-block"
  /** A block bears a time long before members cosigned the log without it. The file counts who did. */
  | "back-dated"
  /** Fewer leaves are shown than were shown before at the same address: an older copy, or a past put back. */
  | "older"
  /** Others were shown more than this log shows us, for longer than patience allows. */
  | "behind"
  /** What is shown as the log's checkpoint is not signed by its key. */
  | "foreign"
  /** A checkpoint is shown, but no tiles that prove how it continues the ones before, for longer than patience allows. */
  | "unproven"
  /** Fewer witnesses than demanded have cosigned, or too long ago. */
  | "unwitnessed";

export interface Alarm {
  readonly kind: AlarmKind;
  /** Which address showed it. */
  readonly face: string;
  /** Sizes that tell what it is about: what was shown, and what contradicts it. */
  readonly size: number;
  readonly against: number;
  /** Milliseconds since 1970: when it was found first. */
  readonly at: number;
  /** File that convicts, where there is one. */
  readonly evidence: string | null;
}

/** Alarms that stay true whatever the log shows later. */
export const convicts = ({ kind }: Pick<Alarm, "kind">): boolean =>
  kind === "fork" || kind === "bad-block" || kind === "back-dated";
