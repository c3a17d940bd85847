/** Orders as fast as it can until it is killed; says on standard output what was acknowledged, and only that. */
import { asUint, decode, toHex } from "@anamnesis/core";
import { noncePath } from "@anamnesis/ledger";
import { TestLedger } from "./support.ts";

const [dir = ""] = process.argv.slice(2);
const ledger = new TestLedger();
const engine = await ledger.open(dir);
const { value } = await engine.read(noncePath(ledger.fixture.memberKeyHex));
let nonce = value === undefined ? 0 : asUint(decode(value), "nonce");

const order = async (): Promise<void> => {
  for (;;) {
    nonce++;
    const tx = ledger.fixture.command("test.emit", `k${nonce % 5}`, { events: nonce % 40, change: { nonce } });
    const { id, index, count, sequence, time } = await engine.submit(tx);
    process.stdout.write(`${JSON.stringify([toHex(id), index, count, sequence, time])}\n`);
  }
};
process.stdout.write("ready\n");
await Promise.all([order(), order(), order(), order()]);
