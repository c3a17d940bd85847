/** `log snapshot | restore | import | prune` 所说的话，中文。 */
import type { copiesEn } from "./copies-en.ts";

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export const copiesZh: typeof copiesEn = {
  yes: "执行，并对无法检查的事项负责",
  archive: "存有这些条目的 `log export` 文件夹",
  snapshot: {
    about: "复制账本在某一时刻的状态，节点运行时也可以",
    out: "存放快照的新文件夹",
    copying: "正在复制",
    done: (size, out) => `${size} 个叶子的快照已写入 ${out}`,
    keys: "其中没有密钥、配置和已签名的记录：请同时备份数据文件夹。",
  },
  restore: {
    about: "全面检查后，将快照作为此文件夹的账本",
    from: "快照的文件夹",
    copying: "正在复制",
    checking: "正在检查",
    done: (size) => `已恢复 ${size} 个叶子`,
    executed: "所有区块均已重新执行，结果一致。",
    notExecuted: (pruned) => `其中没有 ${pruned} 个叶子的条目：其状态已与签名检查点比对，但未重新执行。`,
    toReach: (size) => `本成员曾见过 ${size} 个叶子：节点会赶上，日志必须通向那里。`,
  },
  import: {
    about: "从导出或成员节点获取、检查并执行此文件夹账本的区块",
    from: "`log export` 写出的文件夹，或节点的地址",
    token: "获取条目所需的成员令牌，与地址一起使用",
    executing: "正在执行",
    done: (before, size) => `已执行 ${size - before} 个叶子；账本共有 ${size} 个叶子`,
  },
  prune: {
    about: "清除旧叶子的条目；其哈希以及所有证明均保留",
    before: "从此索引起的叶子保留",
    keepDays: "最近这么多天内成为最终的内容保留",
    compact: "立即将空间归还磁盘；节点必须已停止",
    dropping: "正在清除",
    plan: (from, to, bytes) => (from === to ? "没有可清除的内容。" : `叶子 ${from} 至 ${to - 1}，${mebibytes(bytes)}`),
    needsYes: "未清除任何内容。加上 --yes 重复命令即可清除。",
    done: (from, to) => (from === to ? "没有可清除的内容。" : `已清除叶子 ${from} 至 ${to - 1}`),
    archive: (folder) => `只要 ${folder} 还在，就从那里读取：请保留它。`,
    members: "为其封印的成员持有这些条目。请确保其中至少一个成员不清除任何内容。",
    later: "空间将用于后续内容；--compact 会将其归还磁盘。",
  },
  verify: {
    pruned: (pruned) => `${pruned} 个叶子的条目已被清除：只检查了其哈希，未执行任何内容。使用 --archive 可全部检查。`,
  },
};
