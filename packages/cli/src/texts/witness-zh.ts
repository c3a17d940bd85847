/** `witness`、`monitor` 以及 `log verify` 中联合签名所说的话，中文。 */
import type { witnessEn } from "./witness-en.ts";

export const witnessZh: typeof witnessEn = {
  about: "为日志的检查点联合签名，每次只签前一次的延续（C2SP tlog-witness）",
  dir: "见证者的文件夹；首次启动时创建",
  name: "见证者的名称，例如 witness.example/w1；首次启动时必须给出",
  log: "从现在起认识的日志：其验证公钥、地址，或 genesis.json 文件",
  port: "监听端口（默认：8430）",
  host: "监听地址（默认：127.0.0.1）",
  keyAbout: "打印见证者的验证公钥",
  trusted: (origin: string, key: string) => `从现在起认识 ${origin}：${key}`,
  firstUse: (url: string) => `此公钥来自 ${url} 本身：请与日志的运营者核对。`,
  made: (name: string) => `已创建见证者 ${name}。`,
  key: (key: string) => `其验证公钥，供所有要求其联合签名的人使用：${key}`,
  noLogs: "它还不认识任何日志：用 --log 指明一个。",
  serving: (url: string, logs: number) => `${logs} 个日志的见证者在 ${url}/add-checkpoint`,
  keep: "请整体备份其文件夹：忘记自己签过什么的见证者必须换新密钥。",
  refused: (status: number) => `拒绝了一个请求（${status}）`,
  demand: "必须已为该日志联合签名的见证者的验证公钥（可多次给出）",
  least: "其中这么多个见证者即可（默认：全部）",
  fresh: "联合签名不得早于这么多秒之前",
  witnessed: (size: number, by: readonly string[]) => `已见证至 ${size} 个叶子：${by.join("，")}`,
  missing: (names: readonly string[]) => `未联合签名：${names.join("，")}`,
  outcome: {
    cosigned: (name: string) => `见证者 ${name} 正在联合签名`,
    unreachable: (name: string) => `无法连接见证者 ${name}；将重试`,
    refused: (name: string) => `见证者 ${name} 拒绝：它是否认识此日志及其公钥？`,
    ahead: (name: string) =>
      `警告：见证者 ${name} 已为比本日志更大的日志签名。此文件夹是旧副本，还是另有节点在排序此日志？`,
    contradicted: (name: string) =>
      `警告：见证者 ${name} 已为本日志并未延续的日志签名。本日志被改写，或另有节点以其名义排序日志。`,
  },
};
