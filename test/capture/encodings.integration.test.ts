/** Databases in other encodings: whatever they store, rows, keys, names of tables and people are UTF-8 on our side. */
import { sourceId, toHex, utf8 } from "@anamnesis/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, kinds, open, type Place, place, sourceHandles, sql } from "./harness.ts";
import { misfits } from "./oracle.ts";

let at: Place;
beforeAll(async () => {
  at = await place();
});
afterAll(() => at.remove());

const CASES = [
  { encoding: "LATIN1", table: "Größe", key: "Köln", text: "Ægir ÿ \u00a0", actor: "Dr. Müller" },
  { encoding: "WIN1252", table: "Größe", key: "5 €", text: "„Zitat“ – œ", actor: "Dr. Šimunek" },
  { encoding: "LATIN2", table: "Łódź", key: "źrebię", text: "Dvořák", actor: "Šimůnek" },
  { encoding: "EUC_CN", table: "病历", key: "医生", text: "血压正常", actor: "王医生" },
  { encoding: "EUC_JP", table: "患者", key: "東京", text: "正常です。ｶﾅ", actor: "山田" },
  { encoding: "UTF8", table: "病歷", key: "🏥", text: "ä a\u0308 \u2028", actor: "ИВАНОВ" },
];

describe.each(CASES)("a database in $encoding", ({ encoding, table, key, text, actor }) => {
  const database = `db_${encoding.toLowerCase()}`;
  const source = sourceId(`ehr-${encoding.toLowerCase().replace("_", "-")}`);
  const name = `public.${table}`;

  it("is captured and compared as UTF-8, from the snapshot and from the stream", async () => {
    const url = at.postgres.url.replace(/hospital$/, database);
    const provider = at.postgres.version >= 15 ? "LOCALE_PROVIDER libc" : "";
    await sql(
      at.postgres.url,
      `CREATE DATABASE ${database} TEMPLATE template0 ENCODING '${encoding}' ${provider} LC_COLLATE 'C' LC_CTYPE 'C'`,
      `ALTER DATABASE ${database} SET client_encoding = 'GB18030'`,
    );
    await sql(
      url,
      `CREATE TABLE public."${table}" (k text PRIMARY KEY, "${text}" text)`,
      `ALTER TABLE public."${table}" REPLICA IDENTITY FULL`,
      `INSERT INTO public."${table}" VALUES ('${key}', '${text}'), ('plain', '${text}')`,
    );
    const bench = await open(`${at.dir}/${database}`, url, { name: source });
    try {
      await bench.catchUp();
      const said = JSON.stringify({ actor, purpose: "TREAT" });
      await sql(
        url,
        `BEGIN; SELECT pg_logical_emit_message(true, 'anamnesis.actor', '${said}');
         UPDATE public."${table}" SET "${text}" = "${text}" || '${key}' WHERE k = 'plain';
         INSERT INTO public."${table}" VALUES ('${key}${key}', NULL); COMMIT`,
      );
      await bench.catchUp();
      const events = eventsOf(await bench.events(), name);
      expect(kinds(events)).toBe("baseline baseline schema update create");
      const rowOf = (k: string): string => toHex(sourceHandles.row(sourceHandles.table(name), utf8(k)));
      expect(events.flatMap((e) => (e.row === null ? [] : [toHex(e.row)])).toSorted()).toEqual(
        [rowOf(key), rowOf("plain"), rowOf("plain"), rowOf(`${key}${key}`)].toSorted(),
      );
      expect(events.at(-1)).toMatchObject({ actor: sourceHandles.actor(actor), purpose: "TREAT" });
      expect(bench.index.actorName(sourceHandles.actor(actor))).toBe(actor);
      expect(await misfits(url, await bench.events(), bench.keystore)).toEqual([]);
    } finally {
      await bench.close();
      await bench.source.forget();
    }
  });
});
