/** "Try next": commands to copy, with one tampering by hand on a row that the ward leaves alone. */
import { withClient } from "@anamnesis/capture";
import { SOURCE } from "../sandbox/state.ts";
import type { Texts } from "../texts/en.ts";

const TABLE = "medications";

/** A prescription in a closed file. */
async function knownRow(url: string): Promise<string> {
  return withClient({ url }, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `SELECT m.id::text FROM public.${TABLE} m JOIN public.patients p ON p.id = m.patient_id
        WHERE p.archived ORDER BY m.id LIMIT 1`,
    );
    return rows[0]?.id ?? "1";
  });
}

/** Text and command in turn. */
export async function hints(url: string, dir: string, { start }: Texts): Promise<readonly [string, string][]> {
  const id = await knownRow(url);
  const publication = `ALTER PUBLICATION anamnesis_${SOURCE}`;
  const write = `UPDATE ${TABLE} SET dose = dose * 10 WHERE id = ${id}`;
  const sql = `BEGIN; ${publication} DROP TABLE ${TABLE}; ${write}; ${publication} ADD TABLE ${TABLE}; COMMIT`;
  const inDir = dir === "sandbox" ? "" : ` --dir ${dir}`;
  return [
    [start.tryTamper, `npx anamnesis sandbox sql${inDir} "${sql}"`],
    [start.tryVerify, `npx anamnesis verify ${SOURCE} --dir ${dir}`],
    [start.tryHistory, `npx anamnesis history ${SOURCE} --dir ${dir} --table public.${TABLE} --key ${id}`],
    [start.tryLog, `npx anamnesis log verify --dir ${dir}`],
  ];
}
