/** Where MariaDB's programs are. It is not on npm: what the system has installed is used. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { sandboxError } from "../errors.ts";

export interface Programs {
  readonly server: string;
  readonly install: string;
  readonly env: Readonly<Record<string, string>>;
}

const PLACES = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/mariadb/bin", "/opt/mariadb/bin"];

function find(name: string): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((p) => p !== "");
  return [...path, ...PLACES].map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** Whether a MariaDB server can be started here. */
export const hasMariadb = (): boolean => find("mariadbd") !== undefined && find("mariadb-install-db") !== undefined;

/** @throws AnamnesisError `sandbox/no-mariadb` */
export function findPrograms(): Programs {
  const server = find("mariadbd");
  const install = find("mariadb-install-db");
  if (server === undefined || install === undefined) {
    throw sandboxError("sandbox/no-mariadb", "MariaDB is not installed: install the package mariadb-server");
  }
  return { server, install, env: { PATH: process.env["PATH"] ?? PLACES.join(delimiter), LC_ALL: "C", TZ: "UTC" } };
}
