/** `source` 各命令所说的话，中文。 */
import type { sourceEn } from "./source-en.ts";

export const sourceZh: typeof sourceEn = {
  added: (name, url) => `已添加数据源 ${name}：${url}`,
  next: "下一步：查看它需要什么",
  pushNext: (name, dir) =>
    `下一步：让发送方携带 ${dir}/anamnesis.toml 中的 push_token，POST 到 /sources/${name}/debezium，并运行 anamnesis node --dir ${dir}`,
  accepted: (n, table, reason) => `已接受 ${table} 的 ${n} 行：${reason}。`,
  moved: (name, url, reason) => `${name} 从此位于 ${url}（${reason}）。请重启节点；与已证明内容不符的行仍会列为发现。`,
  none: "尚无数据源。",
  tables: "表",
  reachable: "数据库可访问",
  needs: "用于准备的语句",
  nothing: "无需再作准备。",
  applied: (n) => `已执行 ${n} 条语句。`,
  cannotSee: "该数据源看不到的内容",
  problem: "问题",
  status: { captured: "已捕获", refused: "被拒绝", forbidden: "不可读" },
  columns: { table: "表", rows: "行数（约）", patient: "患者", key: "键", large: "大值列" },
  required: "必需",
  optional: "可选",
  moreStatements: (n) => `……另有 ${n} 条：--json 可列出全部`,
  unlogged: (names) =>
    `不在数据库日志中，无法捕获：${names}。处理办法：ALTER TABLE … SET LOGGED（会重写该表，期间无法使用）。`,
  log: "二进制日志",
  logKeeps: (files, mebibytes) => `服务器保留 ${files} 个文件，共 ${mebibytes} MiB。`,
  logCost: (hours) =>
    hours === undefined
      ? "日志不会因时间久远而删除，因此停止过的捕获不会缺失内容；服务器磁盘须有足够空间。"
      : `超过 ${hours} 小时的文件会被删除，无论捕获是否已读取：停止更久的捕获会出现缺口，并予以声明。`,
  slot: (name) => `复制槽 ${name}`,
  slotToMake: "尚不存在：捕获首次启动时创建。",
  slotKeeps: (mebibytes) => `目前保留 ${mebibytes} MiB 的 WAL。`,
  slotLimits: (warn, giveUp) =>
    `捕获运行期间，超过 ${warn} MiB 时警告，达到 ${giveUp} MiB 时放弃该槽（wal_warn、wal_give_up）。`,
  slotCost: (limit) =>
    `捕获停止期间，数据库为其保留 WAL，上限为 max_slot_wal_keep_size：${limit ?? "目前为 -1，即无上限，捕获停止时可能写满其磁盘。请以超级用户设置：ALTER SYSTEM SET max_slot_wal_keep_size = '10GB'; SELECT pg_reload_conf()"}。`,
  lock: "锁",
  cost: "代价",
};
