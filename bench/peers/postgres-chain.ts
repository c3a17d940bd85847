/** What a database team would build: a trigger that chains SHA-256 over all rows, its head in one row under a lock. */
import pg from "pg";

const SCHEMA = `
  DROP TABLE IF EXISTS chain_events, chain_head;
  CREATE TABLE chain_head (one boolean PRIMARY KEY DEFAULT true, hash bytea NOT NULL);
  INSERT INTO chain_head (hash) VALUES (sha256(''));
  CREATE TABLE chain_events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, leaf bytea NOT NULL, hash bytea NOT NULL);
  CREATE OR REPLACE FUNCTION chain() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE head bytea;
  BEGIN
    SELECT hash INTO head FROM chain_head FOR UPDATE;
    NEW.hash := sha256(head || NEW.leaf);
    UPDATE chain_head SET hash = NEW.hash;
    RETURN NEW;
  END $$;
  CREATE TRIGGER chain BEFORE INSERT ON chain_events FOR EACH ROW EXECUTE FUNCTION chain();`;

/** Every client inserts one event per transaction, as fast as it is answered. @returns events per second */
export async function postgresChain(url: string, leaves: readonly Uint8Array[], clients: number, seconds: number) {
  const connections = Array.from({ length: clients }, () => new pg.Client({ connectionString: url }));
  await Promise.all(connections.map((each) => each.connect()));
  await connections[0]?.query(SCHEMA);
  let done = 0;
  let next = 0;
  const started = performance.now();
  const until = started + 1000 * seconds;
  const work = async (client: pg.Client) => {
    while (performance.now() < until) {
      const leaf = leaves[next++ % leaves.length];
      await client.query({ name: "append", text: "INSERT INTO chain_events (leaf) VALUES ($1)", values: [leaf] });
      done++;
    }
  };
  await Promise.all(connections.map(work));
  const rate = done / ((performance.now() - started) / 1000);
  await Promise.all(connections.map((each) => each.end()));
  return rate;
}
