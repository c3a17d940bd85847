/** What a monitor sees, as people read it: a line when the log has grown, an alarm when something is wrong, troubles once. */
import { toHex } from "@anamnesis/core";
import type { Alarm, MonitorFolder, Round } from "@anamnesis/node";
import type { Session } from "./session.ts";
import { isoTime } from "./time.ts";

const MICROS = 1000;

export class MonitorScreen {
  readonly #session: Session;
  #size = -1;
  #troubles = "";

  constructor(session: Session) {
    this.#session = session;
  }

  begin({ genesis, firstUse, memory }: MonitorFolder, url: string): void {
    const { texts, note } = this.#session;
    note(texts.monitor.watching(url, genesis.chain, memory.newest()?.size ?? 0));
    if (firstUse) note(texts.monitor.firstUse);
    const before = memory.alarms().length;
    if (before > 0) note(texts.monitor.alarmsBefore(before));
  }

  show({ shown, raised, troubles }: Round): void {
    const { texts, print, style, note } = this.#session;
    const now = isoTime(Date.now() * MICROS);
    if (shown !== undefined && shown.size !== this.#size) {
      this.#size = shown.size;
      print(style.dim(`${now}  ${texts.monitor.size(shown.size, toHex(shown.root).slice(0, 16))}`));
    }
    for (const alarm of raised) this.#alarm(alarm, now);
    const told = troubles.map(({ face, code }) => `${face}: ${code}`).join(", ");
    if (told !== this.#troubles) note(told === "" ? texts.monitor.allWell : texts.monitor.trouble(told));
    this.#troubles = told;
  }

  #alarm(alarm: Alarm, now: string): void {
    const { texts, style, json, print, note } = this.#session;
    const { kind, face, size, against, evidence } = alarm;
    // The one document of --json comes at the end; an alarm does not wait for it.
    const say = json ? note : print;
    say(style.bad(`${now}  ${texts.monitor.alarm}: ${texts.monitor.alarms[kind](face, size, against)}`));
    if (evidence !== null) say(`  ${texts.monitor.evidence(evidence)}`);
  }
}
