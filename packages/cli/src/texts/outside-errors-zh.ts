/** 账本之外的错误代码：数据库、网络、沙箱。 */
import type { ErrorText, OutsideErrorCode } from "../errors.ts";

export const outsideErrorsZh: Readonly<Record<OutsideErrorCode, ErrorText>> = {
  "sandbox/no-mariadb": {
    text: "本机没有 MariaDB",
    remedy: "请安装软件包 mariadb-server，然后重试。",
  },
  "sandbox/no-postgres": {
    text: "没有适用于该平台的 PostgreSQL",
    remedy: "请在 Linux x64 或 arm64 上运行 `npm ci`（不要加 --omit=optional）。",
  },
  "sandbox/port-busy": {
    text: "端口已被占用",
    remedy: "请停止占用该端口的程序，或选择其他端口。",
  },
  "sandbox/no-access": {
    text: "当前账户无法使用沙箱文件夹",
    remedy: "请更正其所有者与权限，或用 --dir 选择其他文件夹。",
  },
  "sandbox/root-refused": {
    text: "PostgreSQL 不能以 root 运行，且此处没有替代办法",
    remedy: "请使用普通账户。",
  },
  "sandbox/disk-full": {
    text: "磁盘已满",
    remedy: "请释放空间后重新启动。已确认的内容不会丢失。",
  },
  "sandbox/start-failed": {
    text: "PostgreSQL 未能启动",
    remedy: "原因见沙箱文件夹中的日志文件。",
  },
  "sandbox/start-timeout": {
    text: "PostgreSQL 未能按时就绪",
    remedy: "请重新启动；详情见沙箱文件夹中的日志文件。",
  },
  "sandbox/stopped": {
    text: "在完成之前被停止",
    remedy: "请重新启动。",
  },
  "sandbox/foreign-folder": {
    text: "该文件夹中运行着不属于我们的服务器",
    remedy: "请停止它，或用 --dir 选择其他文件夹。",
  },
  "sandbox/ward-failed": {
    text: "模拟病房遇到意外错误",
    remedy: "请重新启动；若再次出现，请附上此文字报告。",
  },
  "sandbox/plant-failed": {
    text: "行数不足，无法植入这么多改动",
    remedy: "请使用更多患者。",
  },
  "gateway/port-busy": {
    text: "端口已被占用",
    remedy: "请停止占用该端口的程序，或用 --port 选择其他端口。",
  },
  "gateway/port-forbidden": {
    text: "当前账户不得监听该端口",
    remedy: "请用 --port 选择 1023 以上的端口。",
  },
  "gateway/bad-address": {
    text: "地址无法使用",
    remedy: "请写成 http://host:port。",
  },
  "gateway/unreachable": {
    text: "该地址没有应答",
    remedy: "请检查地址以及节点是否在运行。",
  },
  "gateway/timeout": {
    text: "对方响应过慢",
    remedy: "请稍后重试。",
  },
  "gateway/bad-answer": {
    text: "对方的应答不是日志",
    remedy: "请检查地址。读取条目需要成员令牌：它是节点 anamnesis.toml 中的 entries_token，用 --token 给出。",
  },
  "gateway/too-large": {
    text: "应答超出日志可能的大小",
    remedy: "请检查地址：这不是日志。",
  },
  "gateway/cannot-write": {
    text: "文件夹无法写入",
    remedy: "请检查权限与剩余空间。",
  },
  "capture/cannot-connect": {
    text: "数据库无法访问或拒绝登录",
    remedy: "请检查地址、密码与 pg_hba.conf。",
  },
  "capture/connection-lost": {
    text: "数据库关闭了连接",
    remedy: "会自动重试；若反复出现，请查看数据库日志。",
  },
  "capture/unsupported-version": {
    text: "PostgreSQL 版本过旧",
    remedy: "请使用 PostgreSQL 14 或更新版本。",
  },
  "capture/session-not-pinned": {
    text: "某项影响行格式的设置被覆盖",
    remedy: "请直接连接数据库，不经连接池。",
  },
  "capture/wal-level": {
    text: "数据库未写入逻辑复制所需的内容",
    remedy: "请设置 wal_level = logical 并重启数据库。",
  },
  "capture/binlog-format": {
    text: "数据库未记录完整的行",
    remedy: "请执行 `source check` 给出的语句，然后让应用程序重新连接。",
  },
  "capture/no-row-metadata": {
    text: "数据库日志未记录列名",
    remedy: "请执行 SET GLOBAL binlog_row_metadata = 'FULL'，并写入服务器配置。",
  },
  "capture/several-domains": {
    text: "数据库日志中有多个 GTID 域",
    remedy:
      "请让所有写入使用同一个 gtid_domain_id：多个域的提交之间没有统一的次序。日志中已有的会一直保留，直到清除为止（先 PURGE BINARY LOGS，再 FLUSH BINARY LOGS DELETE_DOMAIN_ID）；届时捕获尚未读取的部分成为缺口。",
  },
  "capture/no-replication-right": {
    text: "该角色无复制权限",
    remedy: "请执行 ALTER ROLE … REPLICATION，并在 pg_hba.conf 中允许。",
  },
  "capture/no-publication-right": {
    text: "该角色无权创建发布",
    remedy: "请以表的所有者身份执行 `anamnesis source check` 给出的语句。",
  },
  "capture/no-read-right": {
    text: "该角色无权读取某张表",
    remedy:
      "请以表的所有者执行 `anamnesis source check` 显示的 GRANT，或排除这些表；若行级安全策略对该角色隐藏了行，请执行 ALTER ROLE … BYPASSRLS。",
  },
  "capture/no-slot-free": {
    text: "复制槽已用尽",
    remedy: "请增大 max_replication_slots，或删除无人使用的槽。",
  },
  "capture/slot-busy": {
    text: "另一进程正在使用我们的复制槽",
    remedy: "请停止该数据源的另一个捕获进程；若该槽属于同一服务器上的另一数据库，请为数据源另取名称。",
  },
  "capture/slot-blocked": {
    text: "长事务阻止了复制槽的创建",
    remedy: "请等待或结束该事务后重试。",
  },
  "capture/slot-lost": {
    text: "数据库已丢弃复制槽所需的日志",
    remedy:
      "捕获会自行声明缺口，并以新的复制槽继续；verify 会列出不一致的行。请查明日志为何被移除（pg_resetwal、max_slot_wal_keep_size）。",
  },
  "capture/slot-given-up": {
    text: "数据库为我们保留的日志过多：为保护其磁盘，已放弃复制槽",
    remedy: "捕获会声明缺口后继续。请查明其无法读取的原因，或在 anamnesis.toml 中增大 wal_give_up。",
  },
  "capture/no-tables": {
    text: "没有可捕获的表",
    remedy: "请查看 `anamnesis source check`。",
  },
  "capture/table-refused": {
    text: "某表没有可用的行标识",
    remedy: "请执行 `anamnesis source check` 给出的语句，或排除该表。",
  },
  "capture/malformed-message": {
    text: "复制消息被截断或格式错误",
    remedy: "请重新启动；若再次出现，请附上此文字报告。",
  },
  "capture/unknown-message": {
    text: "此版本不认识的复制消息",
    remedy: "请升级 Anamnesis。",
  },
  "capture/malformed-push": {
    text: "推送的消息不是 Debezium 信封格式的变更事件",
    remedy: "请将发送方设为带信封的 JSON（不要展平），再重新发送请求。",
  },
  "capture/push-needs-key": {
    text: "无法确定推送的是哪一行",
    remedy: '请让发送方附带键，或在 anamnesis.toml 中写明：keys = { "schema.table" = ["id"] }。',
  },
  "capture/push-full": {
    text: "等待写入账本的推送变更过多",
    remedy: "请稍后重发；用 `anamnesis status` 查看账本受阻的原因。",
  },
  "capture/malformed-row": {
    text: "行或键的格式不正确",
    remedy: "请检查键（各值以 | 连接）；否则请附上此文字报告。",
  },
  "capture/reads-not-logged": {
    text: "数据库没有把读取操作写入日志",
    remedy: "请执行 `anamnesis source check` 列出的 SQL，或从 anamnesis.toml 中删除 [source.NAME.reads] 一节。",
  },
  "capture/log-unreadable": {
    text: "无法读取用于提取读取记录的数据库日志",
    remedy:
      "检查 anamnesis.toml 中 [source.NAME.reads] 的路径，以及本账户是否有权读取这些文件（log_file_mode = 0640 及其所属组）；`anamnesis source check` 会给出详情。",
  },
  "capture/row-too-large": {
    text: "某行过大，无法作出承诺",
    remedy: "请排除该表。",
  },
  "capture/damaged-store": {
    text: "捕获的本地存储损坏",
    remedy: "请从备份恢复 keys.db；index.db 可删除，会自动重建。",
  },
  "capture/disk-full": {
    text: "数据文件夹所在的磁盘已满",
    remedy: "请释放空间：采集会自动继续，不会丢失任何内容。",
  },
  "capture/store-version": {
    text: "本地存储由其他版本写入",
    remedy: "请使用最新版本的 Anamnesis。",
  },
  "capture/unknown-patient": {
    text: "从未采集到具有此标识的患者数据",
    remedy: "请使用标识患者的列中的原值；没有擦除任何内容。",
  },
  "capture/erased": {
    text: "此人的密钥已销毁",
    remedy: "无法恢复：这正是其目的。",
  },
  "capture/refused-batch": {
    text: "账本拒绝了一个批次",
    remedy:
      "被暂停的机构：待成员恢复其资格（anamnesis propose reinstate）后，捕获会从原处继续；已换新密钥：请重新启动。其他情况若再次出现，请附上此文字报告。",
  },
  "capture/foreign-position": {
    text: "账本位置与该数据源不符",
    remedy: "请检查机构与数据源的名称。",
  },
  "capture/timeout": {
    text: "等待超时",
    remedy: "请重试；消息说明了等待的内容。",
  },
  "capture/stopped": {
    text: "在完成之前被停止",
    remedy: "请重新运行：会从停止处继续。",
  },
  "capture/catalog-changed": {
    text: "数据库的表结构已更改",
    remedy: "捕获会自动重新读取；若反复出现，请重新启动。",
  },
  "capture/table-held": {
    text: "另一个会话正占用一张待发布的表",
    remedy: "运行中的捕获会自动重试；否则请在该表的 VACUUM、建索引或迁移结束后重新启动。",
  },
  "capture/stream-failed": {
    text: "复制流因错误而结束",
    remedy: "会自动重试；若反复出现，请查看数据库日志。",
  },
  "capture/unknown-table": {
    text: "没有此名称的被捕获表",
    remedy: "请写成 schema.table；`anamnesis source check` 会列出。",
  },
  "capture/unknown-row": {
    text: "没有关于该行的任何记录",
    remedy: "请检查表名与键：按数据库显示的形式写出各键列的值，按键的顺序以 | 连接。",
  },
  "capture/malformed-key": {
    text: "键的写法不正确",
    remedy: "请按数据库显示的形式写出各键列的值，按键的顺序以 | 连接；值中的 \\ 或 | 前加反斜杠。",
  },
};
