/** What people with rights do in the hospital's database, beside the ward: openly, and behind capture's back. */
import { withClient } from "@anamnesis/capture";
import { SOURCE } from "../sandbox/state.ts";

/** Table of the row that the administrator makes for the demonstration; the ward and the insider leave it alone. */
export const TABLE = "public.practitioners";
const FIRST_ID = 900_001;

/** Ordinary SQL without a word about who. Returns the key of the row it made. */
export async function openly(url: string): Promise<string> {
  return withClient({ url }, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO public.practitioners (id, login, name, role, employed)
       SELECT n, 'temp.' || n, 'Temporary Account', role, employed
         FROM public.practitioners, (SELECT greatest(${FIRST_ID}, max(id) + 1) AS n FROM public.practitioners) AS next
        LIMIT 1 RETURNING id::text`,
    );
    return rows[0]?.id ?? "";
  });
}

const setTo = (key: string, value: string): string =>
  `UPDATE public.practitioners SET specialities = '{${value}}' WHERE id = ${Number(key)}`;

/** A legal change: the application says who and why. */
export async function legally(url: string, key: string, value: string): Promise<void> {
  const actor = `SELECT pg_catalog.pg_logical_emit_message(true, 'anamnesis.actor', '{"actor":"hr.office","purpose":"HOPERAT"}')`;
  await withClient({ url }, (client) => client.query(`BEGIN; ${actor}; ${setTo(key, value)}; COMMIT`));
}

/** The insider's way: out of the publication, write, back into it, in one transaction. */
export async function behindCapture(url: string, key: string, value: string): Promise<void> {
  const publication = `ALTER PUBLICATION anamnesis_${SOURCE}`;
  await withClient({ url }, (client) =>
    client.query(
      `BEGIN; ${publication} DROP TABLE ${TABLE}; ${setTo(key, value)}; ${publication} ADD TABLE ${TABLE}; COMMIT`,
    ),
  );
}
