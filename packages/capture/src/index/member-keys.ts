/**
 * The keys of one organisation, followed through a log: the registry's commands are executed again, each signature checked,
 * so that who orders the log cannot give the organisation a key that neither itself nor the members' votes gave it.
 */
import { contractOf, MODULES, type Organisation, readOrganisation } from "@anamnesis/contracts";
import { toHex } from "@anamnesis/core";
import type { Primitives } from "@anamnesis/crypto";
import {
  decodeMemberKey,
  type Execution,
  executeBlock,
  executeGenesis,
  type Genesis,
  ledgerError,
  type MemberKeyRecord,
  memberKeyPath,
  type SignedTransaction,
} from "@anamnesis/ledger";

const REGISTRY = "registry";
const contract = contractOf(MODULES.filter(({ name }) => name === REGISTRY));

export const concernsMembers = (kind: string): boolean => kind.startsWith(`${REGISTRY}.`);

export class MemberKeys {
  readonly #state = new Map<string, Uint8Array>();
  readonly #host: Parameters<typeof executeBlock>[0];
  /** What the open block has done so far. */
  #open: ReadonlyMap<string, Uint8Array | undefined> = new Map();
  #commands: SignedTransaction[] = [];
  /** Agreed time of the newest closed block: the open one is not older. */
  #time: number;

  constructor(primitives: Primitives, genesis: Genesis) {
    this.#host = { primitives, contract, chain: genesis.chain, state: this.#state };
    this.#time = genesis.time;
    this.#keep(executeGenesis(this.#host, genesis));
  }

  /**
   * The key with this id, if it signs for the organisation now.
   * @param id 16 bytes
   */
  find(organisation: string, id: Uint8Array): MemberKeyRecord | undefined {
    const bytes = this.#get(memberKeyPath(toHex(id)));
    const key = bytes === undefined ? undefined : decodeMemberKey(bytes);
    return key?.organisation === organisation && key.status === "active" ? key : undefined;
  }

  organisation(id: string): Organisation | undefined {
    return readOrganisation({ get: (key) => this.#get(key) }, id);
  }

  /** A command of the registry, as it stands in the log. @throws AnamnesisError `ledger/bad-signature` */
  command(transaction: SignedTransaction): void {
    this.#commands.push(transaction);
    this.#open = this.#execute(0, this.#time).changes;
  }

  /** The block that the commands stood in ends, with its number and agreed time. @throws AnamnesisError `ledger/bad-signature` */
  block(sequence: number, time: number): void {
    if (this.#commands.length > 0) this.#keep(this.#execute(sequence, time));
    this.#commands = [];
    this.#open = new Map();
    this.#time = time;
  }

  #execute(sequence: number, time: number): Execution {
    const execution = executeBlock(this.#host, { sequence, time, transactions: this.#commands });
    for (const result of execution.results) {
      if (result.accepted) continue;
      throw ledgerError(
        "ledger/bad-signature",
        `the log holds a decision about members that was not made: ${result.refusal.message}`,
      );
    }
    return execution;
  }

  #get(key: string): Uint8Array | undefined {
    return this.#open.has(key) ? this.#open.get(key) : this.#state.get(key);
  }

  #keep({ changes }: Execution): void {
    for (const [key, value] of changes) {
      if (value === undefined) this.#state.delete(key);
      else this.#state.set(key, value);
    }
  }
}
