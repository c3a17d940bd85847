/** Asking the other members how far the log has gone, before an orderer's ledger is replaced by a copy. */
import { httpFetcher } from "@anamnesis/gateway";
import type { Folder, OthersSay } from "@anamnesis/node";

const PATIENCE_MS = 5_000;

/** Of the member that orders; any other asks nobody, because it only follows. */
export async function askOthers({ config, genesis }: Folder): Promise<OthersSay> {
  if (config.orderer !== undefined) return { notes: [], silent: [] };
  const addresses = new Map<string, string>(config.members.map(({ id, url }) => [id, url]));
  const founders = genesis.organisations.map(({ id }) => String(id));
  const names = [...new Set([...founders, ...addresses.keys()])].filter((id) => id !== config.organisation);
  const answers = await Promise.all(names.map(async (id) => ({ id, note: await newest(addresses.get(id)) })));
  return {
    notes: answers.flatMap(({ note }) => note ?? []),
    silent: answers.flatMap(({ id, note }) => (note === undefined ? [id] : [])),
  };
}

async function newest(url: string | undefined): Promise<string | undefined> {
  if (url === undefined) return undefined;
  try {
    return (await httpFetcher(url, { retries: 0, timeoutMs: PATIENCE_MS }).checkpoint()).note;
  } catch {
    // Whatever the reason: it has not said.
    return undefined;
  }
}
