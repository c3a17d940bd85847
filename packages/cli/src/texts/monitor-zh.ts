/** `monitor` 所说的话，中文。 */
import type { monitorEn } from "./monitor-en.ts";

const leaves = (n: number): string => `${n} 个叶子`;

export const monitorZh: typeof monitorEn = {
  about: "从外部跟踪一个日志；当它显示两副面孔时发出警报并给出证据",
  url: "日志的地址",
  genesis: "来自可信者的日志 genesis.json（默认：首次启动时采用日志自己的）",
  dir: "保存所见并写入证据的文件夹",
  peer: "显示同一日志的另一个地址：成员、镜像或见证者（http://…/logs/<hash>）",
  every: "两次查看之间的秒数",
  patience: "日志可以落后于他人所见的秒数",
  once: "只查看一次并给出结论",
  watching: (url: string, chain: string, size: number) =>
    `正在监视 ${url}，链 ${chain}${size > 0 ? `，已见至 ${leaves(size)}` : ""}`,
  firstUse: "采信了日志自己的创始文件：用 --genesis 从可信的文件开始。",
  alarmsBefore: (n: number) => `以前发出过 ${n} 次警报：用 --once --json 列出。`,
  size: (size: number, root: string) => `${leaves(size)}，根 ${root}…`,
  alarm: "警报",
  alarms: {
    fork: (face, size, against) =>
      `该日志有两副面孔：${face} 所示（${leaves(size)}）与以前所见（${leaves(against)}）矛盾，且两者都由其密钥签名`,
    "bad-block": (face, size) => `${face} 上日志的一个区块（${leaves(size)}）不符合规则`,
    "back-dated": (face, size) => `${face} 上日志（${leaves(size)}）有区块的时间远早于成员联署时间，而联署时尚无该区块`,
    older: (face, size, against) => `${face} 显示 ${leaves(size)}，而以前显示过 ${against} 个：旧副本被放回`,
    behind: (face, size, against) => `${face} 仍显示 ${leaves(size)}，而他人已见到 ${against} 个`,
    foreign: (face) => `${face} 作为日志检查点显示的内容不是由其密钥签名的`,
    unproven: (face, size, against) =>
      `${face} 显示了 ${leaves(size)} 的检查点，却没有能证明它如何延续以前所见 ${against} 个的哈希块`,
    unwitnessed: (face, count, least) => `${face} 只有所要求 ${least} 个联合签名中的 ${count} 个，或签名过旧`,
  },
  evidence: (path: string) => `证据：${path}。任何人都可检查：anamnesis proof check ${path}`,
  trouble: (what: string) => `无法询问：${what}`,
  allWell: "所有地址都恢复应答。",
  replaying: "正在执行区块",
};
