/** `proof check` 对证据文件所说的话，中文。 */
import type { Finding } from "@anamnesis/ledger";
import type { evidenceEn } from "./evidence-en.ts";

const time = (ms: number): string => new Date(ms).toISOString();

const faults: Readonly<Record<Extract<Finding, { kind: "bad-block" }>["fault"], string>> = {
  unreadable: "其中有无法读取或位置不当的叶子",
  unfinished: "日志在区块中间结束",
  "wrong-number": "区块编号与前一区块不连续",
  "time-backwards": "区块时间早于前一区块",
  "refused-command": "其中有规则所拒绝的命令",
  "nothing-changed": "区块没有任何内容",
  "other-leaves": "执行其命令得到的叶子与区块不同",
  "other-state": "执行其命令得到的状态与区块所写不同",
};

export const evidenceZh: typeof evidenceEn = {
  convicts: "证据成立：证明该日志有过错。",
  testifies: "证言成立：有这么多成员如此声明。证言本身不是证明。",
  acquits: "证据不成立：不能证明任何一方有过错。",
  log: (chain) => `被指控者：${chain} 的日志`,
  key: (hex) => `日志公钥：${hex}`,
  genesis: (hex) => `创世文件：${hex}`,
  founders: (ids) => `创始成员：${ids.join("、")}`,
  epoch: (n) => `以第 ${n} 期成员为准`,
  compare: "请将日志公钥与创世文件同您从别处所知的比对，或给出 --genesis。",
  trusted: "创世文件与所给的一致。",

  finding(f: Finding): string {
    switch (f.kind) {
      case "fork":
        return f.older.size === f.newer.size
          ? `它签署了两份不同的日志，均为 ${f.older.size} 片叶子。`
          : `它签署了 ${f.older.size} 片叶子的日志，之后又签署了开头不同的 ${f.newer.size} 片叶子的日志。`;
      case "bad-block":
        return `其第 ${f.from} 至 ${f.to - 1} 片叶子的区块违反规则：${faults[f.fault]}。`;
      case "broken-promise":
        return `它承诺在 ${time(f.byMs)} 前处理一笔交易；到 ${time(f.blockMs)} 的区块，日志既未执行也未拒绝它（序号 ${f.nonce}，实际 ${f.lastNonce ?? "无"}）。`;
      case "back-dated":
        return `其区块 ${f.sequence}（叶子 ${f.index}）所写时间为 ${time(f.blockMs)}，但 ${f.of} 个成员中有 ${f.cosigned} 个直到 ${time(f.sealedMs)} 仍共同签署此前 ${f.sealedSize} 片叶子的日志。要么该区块倒填日期，要么日志在此期间一直与成员失去联系。`;
      case "withheld":
        return `${f.of} 个成员中有 ${f.members.length} 个声明它未交出 ${f.size} 片叶子中的第 ${f.from} 至 ${f.to - 1} 片：${f.members.join("、")}。`;
    }
  },
};
