// The hospital's own work, in a process of its own: small transactions, either as fast as they go (`closed`) or at a given
// rate, where latency counts from the moment a transaction was due (as `pgbench -R` does), so that a stall is not hidden.
// argv: URL, connections, seconds to warm up, seconds to measure, rate (0 = closed). Prints one JSON line.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

const PATIENTS = 1000;
const [url = "", connections = "8", warm = "1", seconds = "5", rate = "0"] = process.argv.slice(2);
const wanted = Number(rate);

const clients = await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  }),
);

const from = performance.now() + Number(warm) * 1000;
const until = from + Number(seconds) * 1000;
const latencies: number[] = [];
let started = performance.now();
let turn = 0;

/** When the next transaction is due; in a closed run, now. */
function due(): number {
  if (wanted === 0) return performance.now();
  started += 1000 / wanted;
  return started;
}

/** Looks up a patient, adds an observation, corrects an earlier one: two rows written, about 400 bytes. */
async function transaction(client: pg.Client, n: number): Promise<void> {
  const patient = 1 + ((n * 7919) % PATIENTS);
  await client.query("BEGIN");
  await client.query({ name: "look", text: "SELECT name FROM patients WHERE id = $1", values: [patient] });
  const insert =
    "INSERT INTO observations (patient_id, code, value, at, note) VALUES ($1, $2, $3, clock_timestamp(), $4) RETURNING id";
  const note = `measured at the bedside, nothing unusual, number ${n}, to be looked at again with the next round`;
  const { rows } = await client.query<{ id: string }>({
    name: "add",
    text: insert,
    values: [patient, `loinc-${n % 50}`, n / 8, note],
  });
  const earlier = Number(rows[0]?.id ?? 1) - 1 - ((n * 31) % 500);
  await client.query({
    name: "correct",
    text: "UPDATE observations SET value = value + 1 WHERE id = $1",
    values: [Math.max(1, earlier)],
  });
  await client.query("COMMIT");
}

async function worker(client: pg.Client): Promise<void> {
  for (;;) {
    const at = due();
    if (at >= until) return;
    const wait = at - performance.now();
    if (wait > 0) await sleep(wait);
    // A timer wakes up to a millisecond late: that is ours, not the database's. Being late because of it counts.
    const begin = wait > 0 ? performance.now() : at;
    await transaction(client, turn++);
    if (at >= from) latencies.push(performance.now() - begin);
  }
}

await Promise.all(clients.map(worker));
await Promise.all(clients.map((client) => client.end()));
latencies.sort((a, b) => a - b);
const quantile = (q: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
process.stdout.write(
  `${JSON.stringify({ transactions: latencies.length, seconds: Number(seconds), p50: quantile(0.5), p99: quantile(0.99) })}\n`,
);
