import { concat, fromBase64, toBase64, toHex, utf8 } from "@anamnesis/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatCheckpoint, parseCheckpoint } from "../src/checkpoint.ts";
import {
  cosigner,
  formatNote,
  noteSigner,
  noteVerifier,
  openNote,
  parseNote,
  parseVerifierKey,
  sameVerifier,
} from "../src/note.ts";
import { codeThrown, hex, p, vectors } from "./support.ts";

interface Vectors {
  sumdb: { seed: string; verifierKey: string; text: string; note: string };
  exampleKey: string;
  witnessed: { note: string; logKey: string; witnessKeys: string[]; time: number; size: number };
}
const v = vectors<Vectors>("note");
const seed = (n: number) => new Uint8Array(32).fill(n);
const key = (text: string) => parseVerifierKey(p, text);
const TEXT = "example.com/log\n3\nn+Y1AAAA\n";

describe("published notes", () => {
  it("signs and opens the note of golang.org/x/mod byte for byte", () => {
    const signer = noteSigner(p, "PeterNeumann", fromBase64(v.sumdb.seed).slice(1));
    expect(signer.verifierKey).toBe(v.sumdb.verifierKey);
    expect(formatNote(v.sumdb.text, [signer.sign(v.sumdb.text)])).toBe(v.sumdb.note);
    const opened = openNote(p, v.sumdb.note, [key(v.sumdb.verifierKey)]);
    expect(opened).toEqual({
      text: v.sumdb.text,
      verified: [{ name: "PeterNeumann", keyId: 0xc74f20a3, type: "ed25519" }],
      unverified: 0,
    });
  });

  it("reads the example key of signed-note", () => {
    expect(key(v.exampleKey)).toMatchObject({ name: "example.com/foo", keyId: 0x530d903a, type: "ed25519" });
  });

  it("opens a checkpoint of a public log with its witnesses' cosignatures", () => {
    const { note, logKey, witnessKeys, time, size } = v.witnessed;
    const opened = openNote(p, note, [logKey, ...witnessKeys].map(key));
    expect(opened.verified.map((s) => [s.type, s.time])).toEqual([
      ["ed25519", undefined],
      ...witnessKeys.map(() => ["cosignature/v1", time]),
    ]);
    expect(opened.unverified).toBe(1);
    expect(parseCheckpoint(opened.text).size).toBe(size);
    const altered = note.replace(String(size), String(size + 1));
    for (const k of [logKey, ...witnessKeys]) {
      expect(codeThrown(() => openNote(p, altered, [key(k)]))).toBe("ledger/bad-checkpoint");
    }
  });
});

describe("several signatures", () => {
  const log = noteSigner(p, "log", seed(1));
  const witness = cosigner(p, "witness", seed(2));
  const stranger = noteSigner(p, "stranger", seed(3));

  it("verifies the known ones and ignores the others", () => {
    const note = formatNote(TEXT, [stranger.sign(TEXT), log.sign(TEXT), witness.cosign(TEXT, 1_700_000_000)]);
    const opened = openNote(p, note, [key(log.verifierKey), key(witness.verifierKey)]);
    expect(opened.verified).toEqual([
      { name: "log", keyId: log.keyId, type: "ed25519" },
      { name: "witness", keyId: witness.keyId, type: "cosignature/v1", time: 1_700_000_000 },
    ]);
    expect(opened.unverified).toBe(1);
  });

  it("counts a key once, with its newest cosignature", () => {
    const times = [20, 30, 10];
    const note = formatNote(TEXT, [...times.map((t) => witness.cosign(TEXT, t)), log.sign(TEXT), log.sign(TEXT)]);
    const opened = openNote(p, note, [key(witness.verifierKey), key(log.verifierKey)]);
    expect(opened.verified.map((s) => s.time)).toEqual([30, undefined]);
  });

  it("refuses a note that none of the known keys signed", () => {
    const note = formatNote(TEXT, [stranger.sign(TEXT)]);
    expect(codeThrown(() => openNote(p, note, [key(log.verifierKey)]))).toBe("ledger/bad-checkpoint");
    expect(codeThrown(() => openNote(p, note, []))).toBe("ledger/bad-checkpoint");
  });

  it("refuses the whole note when one known key's signature is wrong", () => {
    const wrong = { ...log.sign(TEXT), signature: log.sign(`${TEXT}x\n`).signature };
    const note = formatNote(TEXT, [witness.cosign(TEXT, 5), wrong]);
    expect(openNote(p, note, [key(witness.verifierKey)]).unverified).toBe(1);
    const both = [key(witness.verifierKey), key(log.verifierKey)];
    expect(codeThrown(() => openNote(p, note, both))).toBe("ledger/bad-checkpoint");
  });

  it("binds a cosignature to its time and kind", () => {
    const signed = witness.cosign(TEXT, 5);
    const later = { ...signed, signature: signed.signature.with(7, 6) };
    const cut = { ...signed, signature: signed.signature.slice(8) };
    const huge = { ...signed, signature: signed.signature.with(0, 0xff) };
    for (const bad of [later, cut, huge]) {
      const note = formatNote(TEXT, [bad]);
      expect(codeThrown(() => openNote(p, note, [key(witness.verifierKey)]))).toBe("ledger/bad-checkpoint");
    }
    const sameSeed = noteSigner(p, "witness", seed(2));
    expect(sameSeed.keyId).not.toBe(witness.keyId);
  });
});

describe("the form of a note", () => {
  it("splits at the last blank line and keeps blank lines in the text", () => {
    const text = "a\n\n\nb\n";
    const signer = noteSigner(p, "log", seed(1));
    expect(parseNote(formatNote(text, [signer.sign(text)])).text).toBe(text);
  });

  const line = "\u2014 log AAAAAAE=";
  it.each([
    ["no signatures", "a\n\n"],
    ["no blank line", `a\n${line}\n`],
    ["last line cut off", `a\n\n${line}`],
    ["a minus instead of the dash", "a\n\n- log AAAAAAE=\n"],
    ["no name", "a\n\n\u2014  AAAAAAE=\n"],
    ["a plus in the name", "a\n\n\u2014 l+g AAAAAAE=\n"],
    ["an unusual space in the name", "a\n\n\u2014 l\u00a0g AAAAAAE=\n"],
    ["too many words", `a\n\n${line} x\n`],
    ["not base64", "a\n\n\u2014 log AAAAAAE\n"],
    ["base64 with stray bits", "a\n\n\u2014 log AAAAAAF=\n"],
    ["only a key id", "a\n\n\u2014 log AAAAAA==\n"],
    ["a carriage return", `a\r\n\n${line}\n`],
    ["a tab", `a\tb\n\n${line}\n`],
    ["a lone surrogate", `a\ud800\n\n${line}\n`],
    ["nothing", ""],
  ])("refuses %s", (_, note) => {
    expect(codeThrown(() => parseNote(note))).toBe("ledger/malformed");
  });

  it("limits size and number of signatures", () => {
    expect(parseNote(`a\n\n${`${line}\n`.repeat(64)}`).signatures).toHaveLength(64);
    expect(codeThrown(() => parseNote(`a\n\n${`${line}\n`.repeat(65)}`))).toBe("ledger/too-large");
    expect(codeThrown(() => parseNote(`${"ä".repeat(33_000)}\n\n${line}\n`))).toBe("ledger/too-large");
  });

  it("takes a note of exactly 64 KiB", () => {
    const rest = `\n\n${line}\n`;
    const bytes = new TextEncoder().encode(rest).length;
    expect(parseNote("a".repeat(65_536 - bytes) + rest).signatures).toHaveLength(1);
    expect(codeThrown(() => parseNote("a".repeat(65_537 - bytes) + rest))).toBe("ledger/too-large");
  });

  it("does not begin with a text whose last line would become a signature", () => {
    const { signatures } = parseNote(`a\n\n${line}\n`);
    expect(codeThrown(() => formatNote(`a\n\n${line}`, signatures))).toBe("ledger/malformed");
  });

  it("is refused before it is signed", () => {
    const log = noteSigner(p, "log", seed(1));
    const witness = cosigner(p, "witness", seed(2));
    for (const text of ["", "no newline at the end", "a tab\t\n"]) {
      expect(codeThrown(() => log.sign(text))).toBe("core/invariant");
      expect(codeThrown(() => witness.cosign(text, 5))).toBe("core/invariant");
    }
  });

  it("reads back what it writes", () => {
    const name = fc.stringMatching(/^[a-z0-9./:-]{1,40}$/);
    const signature = fc.record({
      name,
      keyId: fc.nat(0xffffffff),
      signature: fc.uint8Array({ minLength: 1, maxLength: 100 }),
    });
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ -~\n]{0,60}$/),
        fc.array(signature, { minLength: 1, maxLength: 64 }),
        (t, s) => {
          expect(parseNote(formatNote(`${t}\n`, s))).toEqual({ text: `${t}\n`, signatures: s });
        },
      ),
    );
  });
});

describe("verifier keys", () => {
  const good = noteSigner(p, "log", seed(1)).verifierKey;

  it("refuses every cut and every changed character", () => {
    for (let i = 0; i < good.length; i++) {
      expect(codeThrown(() => key(good.slice(0, i)))).toBe("ledger/malformed");
      const other = good[i] === "0" ? "1" : "0";
      expect(codeThrown(() => key(good.slice(0, i) + other + good.slice(i + 1)))).toBe("ledger/malformed");
    }
  });

  it("are the same only with the same name, type and key", () => {
    const publicKey = p.ed25519PublicKey(seed(1));
    const log = noteVerifier(p, "log", "ed25519", publicKey);
    expect(sameVerifier(log, key(good))).toBe(true);
    expect(sameVerifier(log, noteVerifier(p, "other", "ed25519", publicKey))).toBe(false);
    expect(sameVerifier(log, noteVerifier(p, "log", "cosignature/v1", publicKey))).toBe(false);
    expect(sameVerifier(log, noteVerifier(p, "log", "ed25519", p.ed25519PublicKey(seed(2))))).toBe(false);
  });

  it("names a type that it does not know", () => {
    const material = new Uint8Array(33).fill(6, 0, 1);
    const id = p.sha256(new Uint8Array([...new TextEncoder().encode("log\n"), ...material])).slice(0, 4);
    const unknown = `log+${hex(id)}+${btoa(String.fromCharCode(...material))}`;
    expect(codeThrown(() => key(unknown))).toBe("ledger/unknown-suite");
  });

  it("has a name that can stand in a note, however well the hash fits", () => {
    const material = concat(Uint8Array.of(1), new Uint8Array(32).fill(9));
    const keyNamed = (name: string): string => {
      const hash = toHex(p.sha256(concat(utf8(`${name}\n`), material)).slice(0, 4));
      return `${name}+${hash}+${toBase64(material)}`;
    };
    expect(key(keyNamed("plain")).name).toBe("plain");
    expect(codeThrown(() => key(keyNamed("not plain")))).toBe("ledger/malformed");
  });
});

describe("checkpoints", () => {
  it("reads back what it writes", () => {
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.maxSafeNat(), root, (size, r) => {
        const checkpoint = { origin: "anamnesis/test", size, root: r };
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  const r = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
  it.each([
    "",
    "o\n1\n",
    `o\n1\n${r}`,
    `\n1\n${r}\n`,
    `o\n\n${r}\n`,
    `o\n01\n${r}\n`,
    `o\n-1\n${r}\n`,
    `o\n+1\n${r}\n`,
    `o\n1e3\n${r}\n`,
    `o\n9007199254740992\n${r}\n`,
    `o\n1\n${r.slice(1)}\n`,
    "o\n1\nCsUYag==\n",
    `o\n1\n${r}\n\n`,
    `o\n1\n${r}\nextension\n`,
    `o\u0007\n1\n${r}\n`,
    `${"o".repeat(256)}\n1\n${r}\n`,
  ])("refuses %j", (text) => {
    expect(codeThrown(() => parseCheckpoint(text))).toBe("ledger/malformed");
  });
});
