/**
 * Text that the server does not convert for us: the content of a logical message comes in the database's own encoding.
 * Everything else (rows, names) it sends as UTF-8, for that is pinned.
 */

/** PostgreSQL's names where the Encoding Standard has other ones; `UTF8`, `EUC_JP`, `WIN1252` and the like differ in form only. */
const LABELS: Readonly<Record<string, string>> = {
  LATIN1: "iso-8859-1",
  LATIN2: "iso-8859-2",
  LATIN3: "iso-8859-3",
  LATIN4: "iso-8859-4",
  LATIN5: "iso-8859-9",
  LATIN6: "iso-8859-10",
  LATIN7: "iso-8859-13",
  LATIN8: "iso-8859-14",
  LATIN9: "iso-8859-15",
  LATIN10: "iso-8859-16",
  EUC_CN: "gbk",
  EUC_JIS_2004: "euc-jp",
  KOI8R: "koi8-r",
  KOI8U: "koi8-u",
  WIN866: "ibm866",
  WIN874: "windows-874",
};

/**
 * Reads text in a server encoding (`server_encoding`); what is no character becomes U+FFFD. Encodings that Node does not
 * know (EUC_TW, MULE_INTERNAL), and SQL_ASCII, which is none, are read as UTF-8.
 */
export function serverText(encoding: string): (bytes: Uint8Array) => string {
  const label = LABELS[encoding] ?? encoding.replace("WIN", "windows-").replaceAll("_", "-").toLowerCase();
  const decoder = isKnown(label) ? new TextDecoder(label) : new TextDecoder();
  return (bytes) => decoder.decode(bytes);
}

function isKnown(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== "";
  } catch {
    return false; // The one way to ask.
  }
}
