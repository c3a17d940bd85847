/** 多个机构共用一个账本时显示的中文文本。 */
import type { organisationsEn } from "./organisations-en.ts";

export const organisationsZh: typeof organisationsEn = {
  option: "沙盒中的机构数，每个机构有自己的进程、密钥和副本",
  language: "zh",
  founding: (n) => `${n} 个机构正在共同创建账本，各自使用自己的进程和密钥……`,
  databases: (n) => `正在启动 PostgreSQL：一台服务器，${n} 个数据库，每家医院一个……`,
  filling: (name, done, total) => `${name}：正在虚构医院数据，${done} / ${total} 行`,
  hints: (pid, url) => [
    "切断其中一个，观察它如何赶上：",
    `  kill -STOP ${pid}; sleep 20; kill -CONT ${pid}`,
    "杀死其中一个：5 秒后会重新启动，并从原处继续：",
    `  kill -9 ${pid}`,
    "向其中一个索取检查点及其已知的全部共同签名：",
    `  curl ${url}/sealed`,
  ],
  head: ["", "进程", "叶子", "已共同签名", ""],
  begins: "正在启动",
  down: "没有应答",
  orders: "负责排序",
  follows: "正在跟随",
  starting: "等待排序者",
  catchingUp: (total) => `正在赶上 ${total}`,
  cutOff: (code) =>
    code === "ledger/pruned"
      ? "排序成员已清除后续条目：请恢复较新的快照（`anamnesis log restore`）"
      : `已断开（${code}）：只读，基于最近验证的状态`,
  refused: (why) => `拒绝排序者：${why}`,
  sealed: (by, of, size, epoch) => `${of} 个成员中有 ${by} 个封印，至 ${size}（纪元 ${epoch}）`,
  notSealed: "尚未封印",
  waits: (name, text, remedy, code) => `${name} 的捕获正在等待：${text}。${remedy} [${code}]`,
  waitsShort: (code) => `捕获正在等待（${code}）`,
  capturesOn: (name) => `${name} 的捕获已继续。`,
  evidence: (path) => `针对排序者的证据：${path}（用 anamnesis proof check 检查）`,
  caughtUp: (size) => `已与排序者一致：${size} 个叶子。`,
  progress: "正在赶上",
};
