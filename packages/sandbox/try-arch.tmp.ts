import pg from "pg";
import { startPostgres } from "./src/index.ts";

const s = await startPostgres({ dir: process.argv[2]! });
console.log(s.url);
const c = new pg.Client({ connectionString: s.url });
await c.connect();
await c.query(
  `CREATE TABLE IF NOT EXISTS patient(id int primary key, name text, born date); CREATE TABLE IF NOT EXISTS obs(id bigserial primary key, patient_id int references patient, value numeric(10,2), note text)`,
);
await c.query(
  `INSERT INTO patient SELECT g, 'Name '||g, '1980-01-01'::date + g FROM generate_series(1,500) g ON CONFLICT DO NOTHING`,
);
await c.query(
  `INSERT INTO obs(patient_id,value,note) SELECT 1+g%500, g/7.0, repeat('x',g%40) FROM generate_series(1,5000) g`,
);
await c.end();
process.on("SIGTERM", async () => {
  await s.stop();
  process.exit(0);
});
setInterval(() => {}, 1000);
