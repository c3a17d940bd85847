import type { RowIndexReader } from "@anamnesis/capture";
import { sourceId } from "@anamnesis/core";
import { handles } from "@anamnesis/crypto";
import { native } from "@anamnesis/crypto/native";
import { expect, it } from "vitest";
import { parseConfig } from "../src/folder/config.ts";
import { configText, sourceText } from "../src/folder/config-text.ts";
import { layoutOf, sourceLayout } from "../src/folder/layout.ts";
import { openPushed } from "../src/pushed.ts";

// The address may stand in the environment as a whole: what is written in the configuration then tells nothing.
it("asks the resolved address whether changes are pushed", () => {
  const head = configText({ chain: "nord", organisation: "nord", displayName: "Nord", port: 8420, entriesToken: "t0" });
  // oxlint-disable-next-line no-template-curly-in-string -- the configuration's own notation
  const written = sourceText({ name: "ehr", url: "${EHR_URL}", tables: [], exclude: [] }, "t1");
  const [config] = parseConfig(head + written).sources;
  if (config === undefined) throw new Error("no source");
  const own = handles(native, new Uint8Array(32));
  const access = {
    url: "postgres://u:p@h/d",
    files: sourceLayout(layoutOf("nowhere"), sourceId("ehr")),
    handles: own,
    catalog: { handles: own, primitives: native },
  };
  expect(openPushed(config, access, {} as RowIndexReader)).toBeUndefined();
});
