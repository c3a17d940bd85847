/** 所有面向用户的中文文字；结构与英文相同，由类型检查保证。 */
import { attacksZh } from "./attacks-zh.ts";
import { copiesZh } from "./copies-zh.ts";
import type { Texts } from "./en.ts";
import { eraseZh } from "./erase-zh.ts";
import { errorsZh } from "./errors-zh.ts";
import { evidenceZh } from "./evidence-zh.ts";
import { legalZh } from "./legal-zh.ts";
import { membersZh } from "./members-zh.ts";
import { misuseZh } from "./misuse-zh.ts";
import { monitorZh } from "./monitor-zh.ts";
import { organisationsZh } from "./organisations-zh.ts";
import { sourceZh } from "./source-zh.ts";
import { witnessZh } from "./witness-zh.ts";

export const zh: Texts = {
  errors: errorsZh,
  misuse: misuseZh,
  copies: copiesZh,
  members: membersZh,
  organisations: organisationsZh,
  witness: witnessZh,
  monitor: monitorZh,
  evidence: evidenceZh,
  source: sourceZh,

  program: {
    about: "为医院数据库的每一次变更在防篡改账本上留下承诺，并准确指出哪些行已不再与账本相符。",
    examples: "示例",
    usage: "用法：",
    options: "选项：",
    arguments: "参数：",
    commands: "命令：",
    help: "显示帮助",
    defaultIs: (value) => `（默认：${value}）`,
    version: "显示版本",
    lang: "文字语言：en 或 zh（默认取自 LANG）",
    remedy: "处理办法",
    exitCodes: "退出码：0 无异常，1 有发现，2 无法完成。",
  },

  options: {
    dir: "数据文件夹",
    json: "在标准输出打印一个 JSON 文档",
    table: "仅此表（schema.table）",
    key: "仅此键对应的行（各值以 | 连接）",
    source: "数据源名称",
    port: "127.0.0.1 上的 HTTP 端口",
  },

  commands: {
    init: {
      about: "创建数据文件夹：密钥、配置、空账本",
      org: "机构名称",
      id: "机构在账本上的标识（默认由名称生成）",
      chain: "账本名称（默认与标识相同）",
    },
    source: "被捕获的数据库",
    sourceAdd: {
      about: "添加数据库",
      url: "地址：postgres://user:password@host:port/database、mariadb://…，或 debezium:（由外部推送变更）",
      tables: "包含哪些表（模式；默认为系统模式之外的所有表）",
      exclude: "排除哪些表",
    },
    sourceCheck: { about: "说明捕获需要什么、能看到什么，不作任何更改", apply: "执行所显示的准备语句" },
    sourceAccept: {
      about: "说明原因后按现状接受若干行；原因留在账本与每份报告中",
      allFindings: "该表中与账本不符的所有行",
      reason: "写入账本的代码，例如 RESTORED：最多 32 个字母、数字及 . _ : -",
      note: "供人阅读的说明；只保存在此文件夹",
    },
    sourceMove: { about: "数据库从此是另一个：恢复的副本、升级后的或新的服务器" },
    sourceList: { about: "列出已配置的数据库" },
    node: { about: "运行捕获、账本与 HTTP，直到被停止" },
    capture: { about: "捕获一个数据源：快照或续传", untilCaughtUp: "此刻已提交的内容全部上账后即退出" },
    verify: {
      about: "将数据库与账本所证明的内容比对；退出码 0：一切相符，1：有发现，2：无法核验",
      fromLog: "不信任本地缓存：先由账本条目重建",
      unattributed: "同时列出操作者未知的事件",
    },
    history: { about: "一行数据的全部经历，附证明", proof: "同时将最新事件的证明写入此文件" },
    log: "账本本身",
    logVerify: {
      about: "检查每个哈希块、根与签名",
      url: "通过 HTTP 提供的日志（代替文件夹）",
      dir: "数据文件夹、快照，或 `log export` 写出的文件夹",
      token: "读取条目的成员令牌（配合 --url）",
    },
    logExport: { about: "将检查点、哈希块与条目写成普通文件", out: "写入的文件夹" },
    proof: "证明文件",
    proofCheck: {
      about: "离线检查证明或证据：不需要节点或数据库",
      file: "证明或证据文件",
      checkpoint: "用于比对的检查点（文件或地址）；自带封印的证明不需要",
      genesis: "账本的 genesis.json：可检查检查点签名与批次签名者",
      vkey: "日志的验证公钥（代替创世文件）",
    },
    status: { about: "节点的当前状态" },
    start: {
      about: "运行中的沙箱：模拟医院以及其上的全部组件",
      dir: "沙箱文件夹；重启后保留",
      patients: "首次启动时虚构的患者数",
      writes: "模拟病房每秒写入次数",
      seed: "所有随机内容的种子",
    },
    demo: {
      about: "完整故事的自检脚本，运行后结束",
      dir: "将状态保留在此文件夹（默认：临时文件夹）",
      seed: "所有随机内容的种子",
    },
    sandbox: "沙箱工具",
    sandboxSql: { about: "以管理员身份在沙箱数据库上运行 SQL", sql: "一条或多条语句" },
  },

  init: {
    made: (dir) => `已创建数据文件夹 ${dir}`,
    what: {
      "anamnesis.toml": "配置文件（带注释）",
      "organisation.json": "本机构的名称与公钥：与其他机构共同创立或加入账本时交给对方",
      "genesis.json": "账本的创立者与有效密钥：交给所有需要检查证明的人",
      keys: "私钥：请备份，勿示人",
      ledger: "账本",
      sources: "每个数据库一个文件夹：行索引（缓存）与患者密钥（请单独备份）",
    },
    next: "下一步",
  },

  capture: {
    snapshot: (table, rows) => `${table} 的快照：${rows} 行`,
    streaming: (events) => `流式捕获：${events} 个事件`,
    caughtUp: (events, seconds) => `已赶上：${events} 个事件，${seconds} 秒`,
    stopped: "已停止。",
    kept: {
      fine: (mebibytes) => `数据库为我们保留 ${mebibytes} MiB 日志：已恢复正常`,
      warn: (mebibytes) => `数据库在其磁盘上为我们保留 ${mebibytes} MiB 日志：请查明捕获为何跟不上`,
      "give-up": (mebibytes) => `数据库为我们保留了 ${mebibytes} MiB 日志：已放弃复制槽，并在账本上声明缺口`,
    },
  },

  node: {
    serving: (url) => `日志服务地址 ${url}`,
    capturing: (name) => `正在捕获 ${name}`,
    stopHint: "按 Ctrl-C 停止。",
    stopping: "正在停止……",
    stopped: "已停止。",
    retry: (name, code) =>
      code === "capture/catalog-changed"
        ? `${name} 的表有变化；正在重新读取其结构`
        : `${name} 的捕获失败（${code}）；正在重试`,
  },

  verify: {
    waiting: "等待捕获越过屏障",
    missing: "正在查找消失的行",
    rebuilding: "正在由账本条目重建索引",
    clean: (rows) => (rows === 0 ? "无异常：此处没有行，账本中也没有。" : `无异常：全部 ${rows} 行与账本相符。`),
    found: (n) => `${n} 项发现`,
    manyRows: (n) => `${n} 行`,
    contradicted: (event, time) => `在事件 ${event}（${time}）之前已被改动，该事件沿用了改动后的内容`,
    valueUnknown: "该事件未含一个此前未知的大值",
    pending: "该表是新的或已变更，捕获正在逐行核对",
    accepted: (n) => `${n} 行已说明原因并被接受：`,
    acceptedGone: "已不存在",
    acceptedAsIs: "按现状",
    columnsChanged: (last) => `列已变更${last === null ? "" : `（自事件 ${last} 之后）`}`,
    notCovered: (tables) => `未覆盖：${tables}`,
    notCoveredBecause: {
      "no-identity": "没有键，或标识无法指明行：见 `source check`",
      unlogged: "UNLOGGED 表：其写入不在数据库日志中",
      new: "新表：尚未捕获",
    },
    andMore: (n) => `另有 ${n} 个`,
    mode: { cache: "依据本地缓存", "from-log": "依据账本条目" },
    modeLabel: "方式",
    position: "位置",
    checkpoint: "检查点",
    seconds: "秒数",
    rows: "行数",
    more: (n) => `另有 ${n} 项；--json 可列出全部`,
    kind: { altered: "被改动", missing: "缺失", unexplained: "来历不明", erased: "已擦除", unvouched: "未受证明" },
    columns: { finding: "发现", table: "表", key: "键", last: "最后证明事件" },
    event: (index, time, actor) => `事件 ${index}，${time}，${actor}`,
    equals: (older, newest) => `同事件 ${older}，而非${newest}`,
    putBack: (n) => `${n} 行的内容与更旧的事件一致：被放回了旧值。`,
    noEvent: "无事件",
    unknownActor: "操作者未知",
    unattributed: (n) => `${n} 个事件的操作者未知（普通写入，无人署名；不算发现）`,
    erasedNote: (n) => `${n} 行已擦除：其密钥已销毁，无法作出判断`,
  },

  history: {
    of: (table, key) => `${table} ${key} 的历史`,
    columns: { index: "事件", time: "时间", kind: "类型", actor: "操作者", purpose: "目的", proof: "证明" },
    proved: "✓",
    proofWritten: (file) => `已将最新事件的证明写入 ${file}`,
    onlyTheLedger: (command) => `✓ = 已在日志中。该行当前是否仍与最后事件一致：${command}`,
  },

  log: {
    ok: (size, root) => `完好：${size} 个叶子，根 ${root}`,
    problems: (n) => `${n} 个问题`,
    counts: (blocks, commands, events) => `${blocks} 个区块，${commands} 条命令，${events} 个事件`,
    exported: (size, out) => `已将 ${size} 个叶子导出到 ${out}`,
    firstUse: "已采信日志自带的创世文件：可用 --genesis 指定您信任的创世文件。",
    checking: "检查中",
    exporting: "导出中",
  },

  proof: {
    holds: "证明成立。",
    holdsUnsigned: "证明对该检查点成立；未检查由谁签名。",
    holdsUnauthored: "证明成立，检查点由日志签名；未检查事件由哪位成员签名。",
    fails: "证明不成立。",
    done: "已检查",
    notDone: "未检查",
    checks: {
      leaf: "事件与文件中的一致",
      inclusion: "事件位于该检查点的日志中",
      "checkpoint-signature": "检查点由日志密钥签名",
      seal: "成员封印了该检查点，且信任链通向这些成员",
      batch: "事件属于其签名批次",
      authorship: "批次由成员密钥签名",
    },
    noKey: "未给出 --genesis 或 --key",
    noGenesis: "未给出创世文件：无法得知密钥属于谁",
    laterKey: "创世文件中没有此密钥：可能是成员后来的密钥，也可能不属于任何人。待事件被封印后重新生成证明，即可得知",
    noAuthorship: "证明文件不含作者信息",
    noTiles: "检查点大小不同且旁边没有哈希块：请导出日志，或给出日志地址",
    sealed: (cosigned, of, epoch) => `由 ${of} 个成员中的 ${cosigned} 个封印，第 ${epoch} 期`,
    event: (index, kind, source, time) => `事件 ${index}：${source} 的 ${kind}，${time}`,
  },

  status: {
    running: "节点正在运行",
    notRunning: "没有节点在运行",
    events: "事件",
    checkpoint: "检查点",
    lag: "延迟",
    passed: "已越过",
    reads: (n, newest) => `账本上有 ${n} 次读取，最新一次在 ${newest}`,
    goingThrough: {
      first: (table) => `正在首次读取 ${table}`,
      columns: (table) => `正在重新核对 ${table}：其列已更改`,
      labels: (table) => `正在重新核对 ${table}：枚举标签已重命名`,
      key: (table) => `正在重新核对 ${table}：其行的键已更改`,
    },
  },

  start: {
    title: "Anamnesis 沙箱",
    database: "正在启动 PostgreSQL",
    filling: (done, total) => `正在虚构医院：${done} / ${total} 名患者`,
    preparing: "正在创建数据文件夹",
    snapshotting: "首次快照",
    ready: (url) => `日志地址 ${url}`,
    verified: (rows, seconds, ago) => `已验证（verified）${rows} 行，用时 ${seconds} 秒，${ago}前：无异常`,
    verifiedFindings: (n, ago) => `${ago}前的验证：${n} 项发现`,
    notVerified: "首次验证正在进行",
    verifyFailed: (code) => `无法完成验证（${code}）`,
    labels: {
      events: "事件",
      lag: "延迟",
      checkpoint: "检查点",
      verification: "验证",
      unknown: "未知操作者",
      ward: "病房",
      reads: "读取",
      uptime: "已运行",
    },
    perSecond: "每秒",
    reads: (r) =>
      `服务器日志中发现 ${r.told} 次，落后 ${r.lagMs.toFixed(0)} 毫秒${r.problem === undefined ? "" : ` [${r.problem}]`}`,
    writes: (n) => `${n} 次行写入`,
    tryNext: "接下来可以试试",
    tryTamper: "像有权限的内部人员那样，绕过捕获把一项剂量调高：",
    tryVerify: "然后把它找出来：",
    tryHistory: "再看看该行的历史：",
    tryLog: "检查账本本身：",
    stop: "按 Ctrl-C 全部停止。",
    stopped: "已全部停止。文件夹保留其状态。",
  },

  demo: {
    title: "一家医院、它的账本，以及一名内部人员",
    hospital: (patients, rows, seconds) =>
      `含 ${patients} 名虚构患者（${rows} 行）的 PostgreSQL 在 ${seconds} 秒后运行。`,
    snapshot: (events, seconds) => `快照：${events} 条基线在 ${seconds} 秒内上账。`,
    ward: (writes) => `病房在工作：内部人员作案期间有 ${writes} 次合法行写入。`,
    planted: (n, kinds) => `内部人员绕过捕获改动了 ${n} 行：${kinds}。`,
    found: (found, planted, seconds) =>
      `负载下的 verify 在 ${seconds} 秒内逐一找到 ${planted} 项中的 ${found} 项（表、键、类型）。`,
    falseAlarms: (n) => `误报：${n}。`,
    unknown: (n) => `管理员的普通 SQL 是一个事件，操作者未知：${n} 个。`,
    cacheFooled: "被回滚的本地缓存骗过了 verify；--from-log 没有被骗。",
    cacheNotFooled: "被回滚的缓存表现与预期不符。",
    proof: "导出了一个事件的证明，离线检查成立。",
    log: (leaves) => `账本的每个哈希块、根与签名都成立：${leaves} 个叶子。`,
    good: (seconds) => `全部成立，用时 ${seconds} 秒。`,
    bad: (what) => `此项不成立：${what}`,
    kept: (dir) => `状态保留在 ${dir}`,
  },

  attacks: attacksZh,
  erase: eraseZh,

  legal: legalZh,

  sandbox: {
    rows: (n) => `${n} 行`,
    done: (command, n) => `${command}${n > 0 ? ` ${n}` : ""}`,
  },
};
