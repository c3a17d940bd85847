/** `[orderer]`: whom a member follows that does not order itself. `[members]`: where the others' nodes are (spec/follower.md). */
import { type OrgId, orgId } from "@anamnesis/core";
import { nodeError } from "../errors.ts";

export interface OrdererConfig {
  readonly url: string;
  /** The orderer's token for members: its `entries_token`. */
  readonly token: string;
}

export interface MemberAddress {
  readonly id: OrgId;
  readonly url: string;
}

/** @throws AnamnesisError `node/bad-config` naming the setting */
export function parseOrderer(value: unknown): OrdererConfig | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null) throw bad("orderer", "must be a section");
  const { url, token } = value as Readonly<Record<string, unknown>>;
  if (typeof token !== "string" || token === "") throw bad("orderer.token", "must be the orderer's token for members");
  return { url: address(url, "orderer.url"), token };
}

/** @throws AnamnesisError `node/bad-config` naming the setting, `core/bad-identifier` */
export function parseMembers(value: unknown): readonly MemberAddress[] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad("members", "must be a section");
  return Object.entries(value).map(([name, url]) => ({ id: orgId(name), url: address(url, `members.${name}`) }));
}

function address(value: unknown, setting: string): string {
  if (typeof value === "string" && /^https?:$/.test(URL.parse(value)?.protocol ?? "")) return value;
  throw bad(setting, "must be an http or https address");
}

const bad = (setting: string, why: string) =>
  nodeError("node/bad-config", `anamnesis.toml: ${setting} ${why}`, { setting });
