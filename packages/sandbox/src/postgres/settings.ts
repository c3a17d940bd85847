/** Settings by name, as PostgreSQL spells both. */
export type Settings = Readonly<Record<string, string>>;

/**
 * What a hospital with logical capture would run, on loopback only (the bundled OpenSSL is too old for anything else).
 * `max_slot_wal_keep_size` bounds what a stopped consumer can make the server keep: the slot is lost before the disk is.
 */
export function serverSettings(port: number, extra: Settings): readonly string[] {
  const settings: Settings = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    wal_level: "logical",
    max_wal_senders: "10",
    max_replication_slots: "10",
    max_slot_wal_keep_size: "2GB",
    wal_sender_timeout: "60s",
    max_connections: "60",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C", // failures are told apart by the log's words
    jit: "off",
    ...(process.platform === "linux" ? { recovery_init_sync_method: "syncfs" } : {}), // quick start after a crash
    ...extra,
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
