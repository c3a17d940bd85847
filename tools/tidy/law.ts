/**
 * The law of the packages: who may import whom, and who must stay pure. A package imports only packages listed
 * before it, less what `never` says. Tests may also import the testkit. Change this table only with an ADR.
 */
export interface PackageLaw {
  /** Folder under `packages/`. */
  readonly folder: string;
  /** Earlier packages that are nevertheless out of bounds. */
  readonly never?: readonly string[];
  /** No `node:` module, no clock, no chance, no process. */
  readonly pure?: boolean;
  /** Folders of a pure package that may touch the platform. */
  readonly impureFolders?: readonly string[];
  /** Files that may ask the standard platform (Web Crypto) but still import no `node:` module. */
  readonly webFiles?: readonly string[];
}

export const law: readonly PackageLaw[] = [
  { folder: "core", pure: true },
  { folder: "crypto", pure: true, impureFolders: ["src/native/"], webFiles: ["src/portable.ts"] },
  { folder: "ledger", pure: true },
  { folder: "contracts", pure: true },
  { folder: "misuse", pure: true },
  { folder: "engines/embedded", never: ["contracts"] },
  { folder: "capture", never: ["engines/embedded"] },
  { folder: "node" },
  { folder: "gateway" },
  { folder: "sandbox" },
  { folder: "testkit" },
  { folder: "cli", never: ["testkit"] },
];

export const SCOPE = "@anamnesis/";

export function lawOf(folder: string, table: readonly PackageLaw[] = law): PackageLaw | undefined {
  return table.find((each) => each.folder === folder);
}

/** Whether code of package `from` may import package `to`; both are folders of the table. */
export function mayImport(from: string, to: string, inTest: boolean, table: readonly PackageLaw[] = law): boolean {
  if (from === to) return true;
  if (inTest && to === "testkit") return true;
  const fromIndex = table.findIndex((each) => each.folder === from);
  const toIndex = table.findIndex((each) => each.folder === to);
  if (fromIndex < 0 || toIndex < 0 || toIndex > fromIndex) return false;
  return table[fromIndex]?.never?.includes(to) !== true;
}
