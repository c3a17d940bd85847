/** Addresses of databases: with the secrets for connecting, without them for showing. */
import { nodeError } from "../errors.ts";

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const SECRET_PARAMETERS = ["password", "sslpassword", "passfile", "sslkey"];

/**
 * The address with `${VARIABLE}` references filled in. A reference inside the address is percent-encoded (it is a
 * password or a name); one that is the whole address is taken as it is.
 *
 * @throws AnamnesisError `node/missing-variable` or `node/bad-url`
 */
export function databaseUrl(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const whole = text.replace(REFERENCE, "").trim() === "";
  const url = text.replaceAll(REFERENCE, (_, name: string) => {
    const value = env[name];
    if (value === undefined) {
      throw nodeError("node/missing-variable", `the environment variable ${name} is not set`, { variable: name });
    }
    return whole ? value : encodeURIComponent(value);
  });
  productOf(url);
  return url;
}

export type Product = "postgres" | "mariadb" | "debezium";

const PRODUCTS: Readonly<Record<string, Product>> = {
  "postgres:": "postgres",
  "postgresql:": "postgres",
  "mariadb:": "mariadb",
  "mysql:": "mariadb",
  "debezium:": "debezium",
};

/** Which database an address names. @throws AnamnesisError `node/bad-url`, never repeating the address */
export function productOf(url: string): Product {
  const product = PRODUCTS[URL.parse(url)?.protocol ?? ""];
  if (product !== undefined) return product;
  throw nodeError("node/bad-url", "this is no address of a database: write postgres://…, mariadb://… or debezium:");
}

/** The same without password, for people and logs. */
export function shownUrl(url: string): string {
  if (url === "debezium:") return url;
  const parsed = URL.parse(url.replaceAll(REFERENCE, "x"));
  if (parsed === null) return "(address from the environment)";
  const where = `${parsed.username === "" ? "" : `${decodeURIComponent(parsed.username)}@`}${parsed.host}${parsed.pathname}`;
  for (const name of SECRET_PARAMETERS) parsed.searchParams.delete(name);
  const query = parsed.searchParams.toString();
  return `${parsed.protocol}//${where}${query === "" ? "" : `?${query}`}`;
}
