import { codeOf, concat, fromHex, toHex, utf8 } from "@anamnesis/core";
import { native } from "@anamnesis/crypto/native";
import { portable } from "@anamnesis/crypto/portable";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** FIPS 180-4 examples published by NIST (csrc.nist.gov, "SHA256.pdf" and "SHA2_Additional.pdf"). */
const SHA256: readonly (readonly [what: string, message: Uint8Array, digest: string])[] = [
  ["empty", utf8(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["one block", utf8("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "two blocks",
    utf8("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  ["a million a", new Uint8Array(1e6).fill(0x61), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
];

/** RFC 4231, section 4: test cases 1-4, 6 and 7 (5 is about truncation). */
const HMAC: readonly (readonly [what: string, key: Uint8Array, message: Uint8Array, tag: string])[] = [
  [
    "1",
    new Uint8Array(20).fill(0x0b),
    utf8("Hi There"),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    "2",
    utf8("Jefe"),
    utf8("what do ya want for nothing?"),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    "3",
    new Uint8Array(20).fill(0xaa),
    new Uint8Array(50).fill(0xdd),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
  [
    "4",
    Uint8Array.from({ length: 25 }, (_, i) => i + 1),
    new Uint8Array(50).fill(0xcd),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  ],
  [
    "6",
    new Uint8Array(131).fill(0xaa),
    utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
  [
    "7",
    new Uint8Array(131).fill(0xaa),
    utf8(
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
    ),
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  ],
];

/** RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc). */
const ED25519: readonly (readonly [
  what: string,
  seed: string,
  publicKey: string,
  message: string,
  signature: string,
])[] = [
  [
    "1",
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "2",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "3",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
  [
    "SHA(abc)",
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
  ],
];

const codeThrownBy = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
  return undefined;
};

describe.each([native, portable])("$name", (p) => {
  it.each(SHA256)("sha256, FIPS 180-4: %s", (_, message, digest) => {
    expect(toHex(p.sha256(message))).toBe(digest);
  });

  it("sha256Into writes 32 bytes at the offset and nothing else", () => {
    const out = new Uint8Array(40).fill(7);
    p.sha256Into(utf8("abc"), out, 5);
    expect(toHex(out)).toBe(`${"07".repeat(5)}${SHA256[1]?.[2]}070707`);
    expect(() => p.sha256Into(utf8("abc"), out, 9)).toThrow(RangeError);
    expect(() => p.sha256Into(utf8("abc"), out, -1)).toThrow(RangeError);
  });

  it.each(HMAC)("hmacSha256, RFC 4231 case %s", (_, key, message, tag) => {
    const mac = p.hmacSha256(key);
    expect(toHex(mac(message))).toBe(tag);
    mac(utf8("something between"));
    expect(toHex(mac(message))).toBe(tag);
  });

  it("hmacSha256 does not notice later changes of the key, and its tags are fresh bytes", () => {
    const key = utf8("Jefe");
    const mac = p.hmacSha256(key);
    key.fill(0);
    const tag = mac(utf8("what do ya want for nothing?"));
    mac(utf8("another message"));
    expect(toHex(tag)).toBe(HMAC[1]?.[3]);
  });

  it.each(ED25519)("Ed25519, RFC 8032 test %s", (_, seedHex, publicKey, messageHex, signature) => {
    const seed = fromHex(seedHex);
    const message = fromHex(messageHex);
    expect(toHex(p.ed25519PublicKey(seed))).toBe(publicKey);
    expect(toHex(p.ed25519Sign(seed, message))).toBe(signature);
    const sign = p.ed25519Signer(seed);
    seed.fill(0);
    expect(toHex(sign(message))).toBe(signature);
    expect(p.ed25519Verify(fromHex(publicKey), message, fromHex(signature))).toBe(true);
  });

  it.each([0, 31, 33, 64])("refuses a seed of %i bytes by name", (length) => {
    const seed = new Uint8Array(length);
    for (const act of [p.ed25519Sign, p.ed25519Signer, p.ed25519PublicKey]) {
      expect(codeThrownBy(() => act(seed, utf8("")))).toBe("crypto/bad-key");
    }
  });

  it("random gives the length asked for, not twice the same, and refuses senseless lengths", () => {
    expect(p.random(0)).toHaveLength(0);
    expect(p.random(1_048_576).subarray(-32)).not.toEqual(new Uint8Array(32));
    expect(toHex(p.random(32))).not.toBe(toHex(p.random(32)));
    for (const length of [-1, 1.5, Number.NaN, 1_048_577]) {
      expect(codeThrownBy(() => p.random(length))).toBe("crypto/bad-length");
    }
  });

  it("verification of arbitrary bytes is false and never throws", () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(bytes, bytes, bytes, (publicKey, message, signature) => {
        expect(p.ed25519Verify(publicKey, message, signature)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe("native and portable give the same answer", () => {
  const bytes = fc.uint8Array({ maxLength: 400 });
  const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });

  it("for hashes and tags", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 150 }), bytes, (key, message) => {
        expect(toHex(native.sha256(message))).toBe(toHex(portable.sha256(message)));
        expect(toHex(native.hmacSha256(key)(message))).toBe(toHex(portable.hmacSha256(key)(message)));
      }),
    );
  });

  it.each([65_535, 65_536, 65_537, 200_000])(
    "for tags of %i bytes, around the limit of the scratch buffer",
    (length) => {
      const key = utf8("key");
      const message = Uint8Array.from({ length }, (_, i) => i * 31);
      expect(toHex(native.hmacSha256(key)(message))).toBe(toHex(portable.hmacSha256(key)(message)));
    },
  );

  it("for a view into a larger buffer", () => {
    const view = concat(utf8("before"), utf8("abc"), utf8("after")).subarray(6, 9);
    for (const p of [native, portable]) expect(toHex(p.sha256(view))).toBe(SHA256[1]?.[2]);
  });

  it("for signatures, and for the verdict after any change of one byte", () => {
    fc.assert(
      fc.property(seed, bytes, fc.nat(95), fc.integer({ min: 1, max: 255 }), (secret, message, at, change) => {
        const publicKey = native.ed25519PublicKey(secret);
        const signature = native.ed25519Sign(secret, message);
        expect(toHex(portable.ed25519PublicKey(secret))).toBe(toHex(publicKey));
        expect(toHex(portable.ed25519Sign(secret, message))).toBe(toHex(signature));
        expect(portable.ed25519Verify(publicKey, message, signature)).toBe(true);
        const both = concat(publicKey, signature);
        both[at] = (both[at] ?? 0) ^ change;
        for (const p of [native, portable]) {
          expect(p.ed25519Verify(both.subarray(0, 32), message, both.subarray(32))).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});

it("native forgets parsed public keys when there are too many, and still verifies", () => {
  const seed = new Uint8Array(32).fill(1);
  const publicKey = native.ed25519PublicKey(seed);
  const signature = native.ed25519Sign(seed, utf8("before"));
  const strange = publicKey.slice();
  for (let i = 0; i < 4_200; i++) {
    new DataView(strange.buffer).setUint32(0, i);
    native.ed25519Verify(strange, utf8("before"), signature);
  }
  expect(native.ed25519Verify(publicKey, utf8("before"), signature)).toBe(true);
});
