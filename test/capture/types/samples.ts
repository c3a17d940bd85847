/**
 * Values for every type of PostgreSQL that a column may have: as text for the type's input function, or as SQL. The first two
 * of a type differ as little as they can: that is the change that is planted. Chosen by hand from the manual's chapter
 * "Data Types": borders, infinities, and everything that COPY, arrays or composites must quote.
 */
export interface Sql {
  readonly sql: string;
}
export type Sample = string | Sql;

const sql = (text: string): Sql => ({ sql: text });

const TEXTS: readonly Sample[] = [
  ...["", " ", "a", "A", "NULL", "null", "\\N", "\\.", "\\", "\\\\", "'", '"', '""', ",", "{}", "(,)", "$1", "%s"],
  ...[
    "tab\there",
    "line\nfeed",
    "line\r\n",
    "\b\f\v",
    "\u0001\u007f",
    "nul\\000",
    "ä",
    "a\u0308",
    "\ufeffbom",
    "\u2028",
  ],
  ...["汉字 病历", "🏥", "\u202eevil", sql("repeat('long ', 2000)"), sql("repeat(md5('x'), 40000)")],
];
const FLOATS = ["0", "-0", "NaN", "Infinity", "-Infinity", "0.1", "1", "-1.5"];
const DATES = ["2024-02-29", "2024-02-28", "4713-01-01 BC", "5874897-12-31", "infinity", "-infinity", "0001-01-01"];
const STAMPS = [
  ...["2024-02-29 12:34:56.789012", "2024-02-29 12:34:56.789013", "4713-01-01 00:00:00 BC", "infinity", "-infinity"],
  ...["294276-12-31 23:59:59.999999", "2000-01-01 00:00:00", "1969-12-31 23:59:59.999999", "0044-03-15 12:00:00 BC"],
];
const STAMPS_TZ = ["2024-03-31 02:30:00+05:45", "2024-03-31 02:30:00+05:46", "2024-10-27 02:30:00+02", "infinity"];
const OIDS = ["0", "1", "4294967295"];
const SNAPSHOTS = ["10:20:10,14,15", "10:20:10,14,16", "10:20:", "1:1:"];
/** An object that is there, none, and a number that names nothing. */
const named = (...names: readonly string[]): readonly Sample[] => [...names, "0", "4294967295"];
const statistic = (column: string): readonly Sample[] => [
  sql(`(SELECT ${column} FROM pg_catalog.pg_statistic_ext_data ORDER BY stxoid LIMIT 1)`),
  sql(`(SELECT ${column} FROM pg_catalog.pg_statistic_ext_data ORDER BY stxoid DESC LIMIT 1)`),
];

const BASE: Readonly<Record<string, readonly Sample[]>> = {
  bool: ["t", "f"],
  bytea: ["\\x", "\\x00", "\\x00ff5c5c09270a", "\\xdeadbeef", sql("decode(repeat('00ff5c', 3000), 'hex')")],
  char: ["a", "b", "", "\\", "'", sql('9::int4::"char"'), sql('(-1)::int4::"char"'), sql('0::int4::"char"')],
  name: ["a", "A", "", 'with "quotes" and \\', "x".repeat(63)],
  int8: ["0", "1", "-9223372036854775808", "9223372036854775807"],
  int2: ["0", "1", "-32768", "32767"],
  int2vector: ["1 2 3", "1 2 4", ""],
  int4: ["0", "1", "-2147483648", "2147483647"],
  regproc: named("pg_catalog.now", "pg_catalog.pi"),
  text: TEXTS,
  oid: OIDS,
  tid: ["(0,1)", "(0,2)", "(4294967295,65535)"],
  xid: OIDS,
  cid: OIDS,
  oidvector: ["1 2 4294967295", "1 2", ""],
  json: ['{"a": 1}', '{"a":1}', '{"b":1.0, "a":1, "a":2}', " [ 1e400 ] ", '"\\u00e9\\n\\\\"', "null"],
  xml: ["<a>é</a>", "<a>e</a>", "", "text &amp; only", '<?xml version="1.0" encoding="LATIN1"?><a b="c"/>'],
  pg_node_tree: [
    sql("(SELECT adbin FROM pg_catalog.pg_attrdef ORDER BY oid LIMIT 1)"),
    sql("(SELECT adbin FROM pg_catalog.pg_attrdef ORDER BY oid DESC LIMIT 1)"),
  ],
  pg_ndistinct: statistic("stxdndistinct"),
  pg_dependencies: statistic("stxddependencies"),
  pg_mcv_list: statistic("stxdmcv"),
  xid8: ["0", "1", "18446744073709551615"],
  point: ["(1.5,-0)", "(1.5,0)", "(NaN,Infinity)", "(1e300,4.9e-324)"],
  lseg: ["[(0,0),(1,1)]", "[(0,0),(1,1.0000000000000002)]"],
  path: ["((0,0),(1,1))", "[(0,0),(1,1)]"],
  box: ["(1,1),(0,0)", "(1,1),(0,0.1)"],
  polygon: ["((0,0),(1,1),(1,0))", "((0,0),(1,1),(1,0.1))"],
  line: ["{1,-1,0}", "{1,-1,0.3}"],
  float4: [...FLOATS, "1e-45", "3.4028235e38"],
  float8: [...FLOATS, "4.9e-324", "1.7976931348623157e308", "0.30000000000000004"],
  circle: ["<(0,0),1>", "<(0,0),1.1>"],
  money: ["0", "0.01", "1234567.89", "-92233720368547758.08", "92233720368547758.07"],
  macaddr: ["08:00:2b:01:02:03", "08:00:2b:01:02:04"],
  inet: ["10.1.2.3", "10.1.2.3/24", "::ffff:1.2.3.4", "fe80::1/64", "0.0.0.0/0"],
  cidr: ["10.1.2.0/24", "10.1.2.0/25", "2001:db8::/32", "::/0"],
  macaddr8: ["08:00:2b:01:02:03:04:05", "08:00:2b:01:02:03:04:06"],
  aclitem: ["postgres=r/postgres", "postgres=r*/postgres", "=UC/postgres"],
  bpchar: ["a", "b", "", "a  ", "ä\t"],
  varchar: TEXTS,
  date: DATES,
  time: ["00:00:00", "24:00:00", "12:34:56.789012"],
  timestamp: STAMPS,
  timestamptz: [...STAMPS_TZ, ...STAMPS],
  interval: [
    "1 mon -2 days 03:04:05.000006",
    "1 mon -2 days 03:04:05.000007",
    "0",
    "-178000000 years",
    "1 year",
    "-1 sec",
  ],
  timetz: ["04:05:06-08:00", "04:05:06-08:01", "24:00:00+15:59:59", "00:00:00+00"],
  bit: ["101", "100", "1", "0"],
  varbit: ["101", "100", "", "0"],
  numeric: [
    ...["1.50", "1.5", "0", "0.000", "-0", "NaN", "Infinity", "-Infinity"],
    ...[sql("1e131071::numeric"), sql("1e-16383::numeric")],
  ],
  refcursor: ["a", "b", '"<unnamed portal 1>"'],
  regprocedure: named("pg_catalog.now()", "pg_catalog.pi()"),
  regoper: named("pg_catalog.||/", "pg_catalog.|/"),
  regoperator: named("pg_catalog.+(integer,integer)", "pg_catalog.-(integer,integer)"),
  regclass: named("pg_catalog.pg_class", "pg_catalog.pg_proc", "ward.measured"),
  regtype: named("pg_catalog.int4", "pg_catalog.int4[]", "ward.pair"),
  regrole: named("postgres", "pg_monitor"),
  regnamespace: named("pg_catalog", "information_schema"),
  regcollation: named('pg_catalog."C"', 'pg_catalog."POSIX"'),
  regconfig: named("pg_catalog.english", "pg_catalog.simple"),
  regdictionary: named("pg_catalog.simple", "pg_catalog.english_stem"),
  uuid: ["00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000001"],
  pg_lsn: ["0/0", "0/1", "FFFFFFFF/FFFFFFFF"],
  tsvector: ["'a':1A 'b':2", "'a':1B 'b':2", "'it''s' 'back\\\\slash' 'with space'", ""],
  tsquery: ["'a' & !'b'", "'a' | !'b'", "'a':*AB <-> 'c'", ""],
  jsonb: ['{"a": 1.0}', '{"a": 1.00}', '{"é": ["\\n", null, true]}', "1e400", '""', "{}"],
  jsonpath: ["$.a[*] ? (@ > 1)", "$.a[*] ? (@ >= 1)", "strict $", '$."quoted \\"key\\""'],
  txid_snapshot: SNAPSHOTS,
  pg_snapshot: SNAPSHOTS,
  int4range: ["[1,10)", "[1,11)", "empty", "(,)", "[5,)"],
  numrange: ["(1.50,2.0]", "(1.5,2.0]", "empty", "(,)"],
  tsrange: ['["2020-01-01 00:00","infinity")', '["2020-01-01 00:00","infinity"]', "empty", "(,)"],
  tstzrange: [
    '["2020-01-01 00:00+01","2020-06-01 00:00+02")',
    '["2020-01-01 00:00+01","2020-06-01 00:00+03")',
    "empty",
  ],
  daterange: ["[2020-01-01,2020-02-01)", "[2020-01-01,2020-02-02)", "(,infinity]", "empty"],
  int8range: ["[1,10)", "[1,11)", "empty"],
  int4multirange: ["{[1,2),[5,9)}", "{[1,2),[5,10)}", "{}"],
  nummultirange: ["{[1.50,2)}", "{[1.5,2)}", "{}"],
  tsmultirange: ['{["2020-01-01 00:00","infinity")}', '{["2020-01-01 00:00","infinity"]}', "{}"],
  tstzmultirange: ['{["2020-01-01 00:00+01",)}', '{["2020-01-01 00:00+02",)}', "{}"],
  datemultirange: ["{[2020-01-01,2020-02-01)}", "{[2020-01-01,2020-02-02)}", "{}"],
  int8multirange: ["{[1,2)}", "{[1,3)}", "{}"],
  cardinal_number: ["0", "1", "2147483647"],
  character_data: ["a", "b", "", "\t"],
  sql_identifier: ["a", "A", '"'],
  time_stamp: STAMPS_TZ,
  yes_or_no: ["YES", "NO"],
};

/** Samples of a built-in type; undefined when there are none, which the test does not forgive. */
export function samplesOf(type: string, version: number): readonly Sample[] | undefined {
  const own = BASE[type];
  if (own === undefined) return ONLY_NULL[type] === undefined ? undefined : [];
  return type === "interval" && version >= 17 ? [...own, "infinity", "-infinity"] : own;
}

/** Types that no SQL can make a value of: their columns are NULL for ever, or their rows cannot be written. */
export const ONLY_NULL: Readonly<Record<string, string>> = {
  gtsvector: "lives in GiST indices only: its input function refuses, and nothing returns it",
  pg_brin_bloom_summary: "lives in BRIN indices only",
  pg_brin_minmax_multi_summary: "lives in BRIN indices only",
};

/** A sample as an SQL expression of that type. */
export const expression = (sample: Sample, type: string): string =>
  typeof sample === "string" ? `'${sample.replaceAll("'", "''")}'::${type}` : `${sample.sql}::${type}`;
