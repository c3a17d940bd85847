import type { Settings } from "../postgres/settings.ts";

/** What a hospital with capture would run, on loopback only. `undefined` values of `extra` cannot be: a flag is a text. */
export function mariadbArguments(dir: string, dataDir: string, port: number, extra: Settings): readonly string[] {
  const settings: Settings = {
    port: String(port),
    "bind-address": "127.0.0.1",
    socket: `${dir}/mariadb.sock`,
    "pid-file": `${dir}/mariadb.pid`,
    "log-bin": `${dataDir}/binlog`,
    "server-id": "1",
    "binlog-format": "ROW",
    "binlog-row-image": "FULL",
    "binlog-row-metadata": "FULL",
    "sync-binlog": "1",
    "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "32M",
    "innodb-flush-log-at-trx-commit": "1",
    "character-set-server": "utf8mb4",
    "default-time-zone": "+00:00",
    "max-connections": "60",
    ...extra,
  };
  // The folder is an argument of its own, so that the process can be told by it.
  return [
    "--no-defaults",
    "--datadir",
    dataDir,
    "--skip-name-resolve",
    ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  ];
}
