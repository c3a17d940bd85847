/** A running node and the witnesses of its configuration, put together over HTTP. */
import { httpWitness } from "@anamnesis/gateway";
import { type Cosigned, logVerifier } from "@anamnesis/ledger";
import { primitives, type RunningNode, startWitnessing, type Witnessing } from "@anamnesis/node";

/** `undefined` where no witness is configured. */
export function witnessingOf(
  { engine, folder }: RunningNode,
  onOutcome?: (name: string, outcome: Cosigned) => void,
): Witnessing | undefined {
  const witnesses = folder.config.witnesses.map((w) => ({ ...w, ask: httpWitness(w.url) }));
  if (witnesses.length === 0) return undefined;
  return startWitnessing({
    witnesses,
    log: logVerifier(primitives, folder.genesis),
    file: folder.layout.witnessed,
    async offer() {
      const { note } = await engine.checkpoint();
      return { note, consistency: (older, newer) => engine.consistency(older, newer) };
    },
    subscribe: (grown, signal) => engine.subscribe(grown, signal),
    ...(onOutcome === undefined ? {} : { onOutcome }),
  });
}
