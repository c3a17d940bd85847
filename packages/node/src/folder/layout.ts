/** Where things live in a member's data folder. One place knows the names. */
import { join, resolve } from "node:path";

export interface FolderLayout {
  readonly dir: string;
  /** `anamnesis.toml`, 0600: it may hold database passwords. */
  readonly config: string;
  readonly genesis: string;
  /** What the others need to know of this organisation: id, name, public keys. */
  readonly organisation: string;
  readonly keys: string;
  /** Signs transactions. */
  readonly orgKey: string;
  /** Cosigns checkpoints. */
  readonly cosignerKey: string;
  /** Signs checkpoints; only the member that orders has it. */
  readonly logKey: string;
  readonly ledger: string;
  readonly sources: string;
  /** The newest checkpoint that outside witnesses cosigned. */
  readonly witnessed: string;
  /** What this member has cosigned: never lose it while the key is in use. */
  readonly cosigned: string;
  /** Sealed checkpoints and the trust chain. */
  readonly seals: string;
  /** Promises that are not settled yet: those given by the one that orders, those received by one that follows. */
  readonly promises: string;
  /** Present while `init` is at work. */
  readonly unfinished: string;
}

export interface SourceLayout {
  readonly dir: string;
  /** The row index: a cache, rebuilt from the ledger when lost. */
  readonly index: string;
  /** Notes of large values that updates leave out: a cache too, but only writing the rows again fills it. */
  readonly digests: string;
  /** The subject keys: not a cache. Losing it makes every commitment undecidable. */
  readonly keys: string;
  /** Handle key of the source. */
  readonly handleKey: string;
  /** How far capture has come: written by the one that captures, read by others. */
  readonly progress: string;
  /** Where capture is in the log of a database that does not keep our place itself; losing it is a gap. */
  readonly place: string;
  /** Pushed changes that are not final yet: not a cache. */
  readonly inbox: string;
  /** Which rows refer to which, where the database's foreign keys change rows below its log: a cache. */
  readonly children: string;
  /** Reads found in the database's log that are not yet final: not a cache. */
  readonly reads: string;
}

export function layoutOf(dir: string): FolderLayout {
  const root = resolve(dir);
  return {
    dir: root,
    config: join(root, "anamnesis.toml"),
    genesis: join(root, "genesis.json"),
    organisation: join(root, "organisation.json"),
    keys: join(root, "keys"),
    orgKey: join(root, "keys", "org.key"),
    cosignerKey: join(root, "keys", "cosigner.key"),
    logKey: join(root, "keys", "log.key"),
    ledger: join(root, "ledger"),
    sources: join(root, "sources"),
    witnessed: join(root, "witnessed"),
    cosigned: join(root, "cosigned.db"),
    seals: join(root, "seals.db"),
    promises: join(root, "promises.db"),
    unfinished: join(root, "INIT-UNFINISHED"),
  };
}

export function sourceLayout(folder: FolderLayout, name: string): SourceLayout {
  const dir = join(folder.sources, name);
  return {
    dir,
    index: join(dir, "index.db"),
    digests: join(dir, "digests.db"),
    keys: join(dir, "keys.db"),
    handleKey: join(folder.keys, `source-${name}.key`),
    progress: join(dir, "progress.db"),
    place: join(dir, "place.json"),
    children: join(dir, "children.db"),
    inbox: join(dir, "inbox.db"),
    reads: join(dir, "reads.db"),
  };
}
