/** Identifiers: one grammar, one guard, one maker each. Parsed at the door, trusted inside. */
import { AnamnesisError, type CoreErrorCode } from "./errors.ts";

declare const brand: unique symbol;
type Branded<T, B> = T & { readonly [brand]: B };

/** Name of a chain: the origin of its log is `anamnesis/<chain>`. */
export type ChainId = Branded<string, "ChainId">;
/** Name of a member organisation, unique on its chain. */
export type OrgId = Branded<string, "OrgId">;
/** Name of a source database, unique at its organisation. */
export type SourceId = Branded<string, "SourceId">;

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;

function maker<T extends string>(what: string) {
  return (text: string): T => {
    if (SLUG.test(text)) return text as T;
    throw new AnamnesisError<CoreErrorCode>(
      "core/bad-identifier",
      `${what} must be 1 to 32 of a-z, 0-9 and inner hyphens`,
      { what },
    );
  };
}

export const chainId: (text: string) => ChainId = maker("a chain name");
export const orgId: (text: string) => OrgId = maker("an organisation id");
export const sourceId: (text: string) => SourceId = maker("a source name");

/** A readable id from a display name: "Hospital Nord" becomes "hospital-nord". */
export function slug(name: string): string {
  const ascii = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 32);
  return ascii.replace(/-+$/, "");
}
