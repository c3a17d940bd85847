/**
 * Every parameter that somebody can preset for our sessions: a hostile value, or why it cannot matter. A parameter of a new
 * version that is in neither list fails the test.
 */

/** Two values each, so that what is captured under one is verified under the other. */
export const HOSTILE: Readonly<Record<string, readonly [string, string]>> = {
  DateStyle: ["German, DMY", "SQL, YMD"],
  IntervalStyle: ["iso_8601", "sql_standard"],
  TimeZone: ["Asia/Kathmandu", "America/St_Johns"],
  array_nulls: ["off", "off"],
  bytea_output: ["escape", "escape"],
  client_encoding: ["LATIN1", "EUC_JP"],
  client_min_messages: ["debug5", "log"],
  default_text_search_config: ["pg_catalog.german", "pg_catalog.simple"],
  default_transaction_deferrable: ["on", "on"],
  default_transaction_isolation: ["serializable", "repeatable read"],
  default_transaction_read_only: ["on", "on"],
  default_toast_compression: ["pglz", "pglz"],
  exit_on_error: ["on", "on"],
  extra_float_digits: ["-15", "-3"],
  gin_fuzzy_search_limit: ["1", "1"],
  idle_in_transaction_session_timeout: ["1", "1"],
  idle_session_timeout: ["1", "1"],
  lc_monetary: ["", ""], // filled in from what the machine has
  lc_numeric: ["", ""],
  lc_time: ["", ""],
  lc_messages: ["", ""],
  lock_timeout: ["1", "1"],
  logical_decoding_work_mem: ["64kB", "64kB"],
  debug_logical_replication_streaming: ["immediate", "immediate"],
  quote_all_identifiers: ["on", "on"],
  row_security: ["off", "off"],
  search_path: ["ward, pg_catalog", "pg_catalog, information_schema"],
  session_replication_role: ["replica", "local"],
  standard_conforming_strings: ["off", "off"],
  backslash_quote: ["on", "off"],
  escape_string_warning: ["off", "on"],
  statement_timeout: ["1", "1"],
  synchronous_commit: ["off", "off"],
  tcp_user_timeout: ["1000", "2000"],
  transaction_timeout: ["1", "1"],
  transform_null_equals: ["on", "on"],
  wal_sender_timeout: ["1", "1"],
  work_mem: ["64kB", "64kB"],
  xmlbinary: ["hex", "hex"],
  xmloption: ["document", "document"],
};

/** Everything else, by name or beginning of a name. */
export const HARMLESS: readonly (readonly [names: RegExp, why: string])[] = [
  [
    /^(enable_|cpu_|geqo|jit|seq_page|random_page|parallel_|min_parallel|max_parallel|join_|from_|cursor_tuple|plan_cache|force_parallel|debug_parallel|recursive_worktable|constraint_ex|effective_|hash_mem|default_statistics|stats_fetch)/,
    "chooses a plan, not a row",
  ],
  [
    /^(vacuum_|maintenance_|commit_|backend_flush|io_combine|temp_|wal_|file_copy|deadlock_timeout|synchronize_seqscans|gin_pending)/,
    "upkeep, resources, order of reading",
  ],
  [
    /^(log_|track_|debug_|trace_|compute_query_id|update_process_title|backtrace|application_name|md5_password_warnings)/,
    "what is logged or counted",
  ],
  [/^(tcp_keepalives|client_connection_check)/, "finds dead peers sooner; a living one answers"],
  [
    /^(default_table|default_tablespace|password_enc|scram_|createrole|check_function|icu_validation|event_triggers|allow_|restrict_nonsystem|lo_compat|timezone_abbreviations|extension_control)/,
    "for those who make objects or write",
  ],
  [/^transaction_/, "of one transaction: cannot be preset"],
  [/preload_libraries|dynamic_library_path/, "foreign code in the server: whoever may do that owns the database"],
  [/^(ignore_|zero_damaged|max_stack|post_auth|exit_on)/, "for repairs, by a superuser; what is lost shows as missing"],
];
