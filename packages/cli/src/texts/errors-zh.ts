/** 每个错误代码：发生了什么，该怎么办。类型保证列表完整。 */
import type { AnyErrorCode, ErrorText } from "../errors.ts";
import { contractErrorsZh } from "./contract-errors-zh.ts";
import { outsideErrorsZh } from "./outside-errors-zh.ts";

export const errorsZh: Readonly<Record<AnyErrorCode, ErrorText>> = {
  ...contractErrorsZh,
  ...outsideErrorsZh,
  "core/invariant": {
    text: "Anamnesis 内部状态异常",
    remedy: "这是我们的错误：请附上此文字报告。",
  },
  "core/bad-encoding": {
    text: "数据的编码格式不正确",
    remedy: "请重新获取文件，或使用写入它的 Anamnesis 版本。",
  },
  "core/bad-identifier": {
    text: "名称不符合规则",
    remedy: "请使用 1 至 32 个 a-z、0-9 及中间连字符，例如 hospital-nord。",
  },
  "crypto/unknown-suite": {
    text: "此版本不支持该签名套件",
    remedy: "请升级 Anamnesis，或使用受支持的套件签名。",
  },
  "crypto/bad-key": {
    text: "密钥长度不正确",
    remedy: "请从备份恢复密钥文件。",
  },
  "crypto/bad-field": {
    text: "承诺字段超出范围",
    remedy: "这是我们的错误：请附上此文字报告。",
  },
  "crypto/bad-length": {
    text: "一次请求的随机字节过多",
    remedy: "这是我们的错误：请附上此文字报告。",
  },
  "crypto/no-random": {
    text: "该平台没有强随机源",
    remedy: "请勿在此运行 Anamnesis。",
  },
  "ledger/malformed": {
    text: "内容不符合账本格式",
    remedy: "请重新获取或导出文件；它可能被截断或版本不同。",
  },
  "ledger/too-large": {
    text: "超出账本允许的大小",
    remedy: "请拆分批次：最多 4096 个事件、600 KiB。",
  },
  "ledger/wrong-chain": {
    text: "交易属于另一个账本",
    remedy: "请检查数据文件夹与账本是否对应。",
  },
  "ledger/unknown-kind": {
    text: "账本不认识此类交易",
    remedy: "请在各处使用相同版本的 Anamnesis。",
  },
  "ledger/unknown-suite": {
    text: "账本不支持该签名套件",
    remedy: "请使用创世文件中的套件，或升级 Anamnesis。",
  },
  "ledger/unknown-key": {
    text: "签名密钥不属于任何成员",
    remedy: "请确认 keys/ 与 genesis.json 来自同一文件夹。",
  },
  "ledger/key-suspended": {
    text: "该密钥所属机构已被暂停",
    remedy: "在成员表决恢复（anamnesis propose reinstate）之前，其签名一律不被接受。",
  },
  "ledger/key-retired": {
    text: "该密钥已被更换或撤销",
    remedy: "请使用该机构当前的密钥签名：见 anamnesis members。",
  },
  "ledger/bad-signature": {
    text: "签名错误",
    remedy: "数据在途中被改动，或由其他密钥签名：请重新获取。",
  },
  "ledger/nonce-repeated": {
    text: "交易编号重复",
    remedy: "请勿在同一数据文件夹上运行两个节点；请重试命令。",
  },
  "ledger/not-refused": {
    text: "交易无法在账本上被拒绝：没有拒绝它的理由",
    remedy: "无需处理：节点会提交该交易本身。",
  },
  "ledger/expired": {
    text: "交易已过期",
    remedy: "请检查本机时钟后重试。",
  },
  "ledger/bad-genesis": {
    text: "创世文件不完整或自相矛盾",
    remedy: "请让每个创立机构签名（anamnesis genesis sign）；每个密钥只能出现一次。",
  },
  "ledger/damaged-store": {
    text: "账本存储与其检查点矛盾",
    remedy: "不会再提供任何数据。请从备份恢复 ledger/ 文件夹。",
  },
  "ledger/other-format": {
    text: "账本存储由另一版本的 Anamnesis 写入",
    remedy:
      "数据没有丢失。请用原版本导出日志（anamnesis log export），或使用其他成员的节点；将 ledger/ledger.sqlite（连同 -wal、-shm，如有）移到别处，保留 last-checkpoint，再运行 anamnesis log import。",
  },
  "ledger/damaged-tile": {
    text: "日志的一部分与上层哈希树不符",
    remedy: "请从备份恢复账本，或重新获取该部分。",
  },
  "ledger/pruned": {
    text: "这些条目已从本账本中清除（`anamnesis log prune`）",
    remedy: "请从日志的导出、归档或其他成员处获取。落后的成员请从快照开始：`anamnesis log restore`。",
  },
  "ledger/not-archived": {
    text: "没有已知的其他人持有将要清除的条目",
    remedy: "请先运行 `anamnesis log export`，再用 --archive 指明其文件夹；请保留该文件夹。",
  },
  "ledger/bad-snapshot": {
    text: "无法使用该快照",
    remedy: "未作任何更改。请重新制作快照，或重新复制此快照。",
  },
  "ledger/rolled-back": {
    text: "日志早于或违背先前见过的检查点",
    remedy: "请查明是谁替换了它；与导出和备份比对。",
  },
  "ledger/disk-full": {
    text: "磁盘已满",
    remedy: "请释放空间。已确认的内容不会丢失，之后会自动继续。",
  },
  "ledger/locked": {
    text: "另一个进程正在写入该账本",
    remedy: "请先停止它，或使用只读命令。",
  },
  "ledger/no-ledger": {
    text: "此文件夹中没有账本",
    remedy: "请运行 `anamnesis init DIR --org NAME`。跟随其他节点的节点在启动时获取账本。",
  },
  "ledger/closed": {
    text: "账本已关闭",
    remedy: "请重新运行命令。",
  },
  "ledger/busy": {
    text: "账本队列已满",
    remedy: "请稍后重试。",
  },
  "ledger/bad-checkpoint": {
    text: "检查点的签名或格式错误",
    remedy: "请确认检查点与创世文件属于同一账本，并重新获取。",
  },
  "ledger/unwitnessed": {
    text: "为该日志联合签名的见证者少于要求，或签名过旧",
    remedy: "向日志运营者询问使用哪些见证者、它们是否应答。见证者不为之签名的日志，可能只给你一人看。",
  },
  "ledger/bad-proof": {
    text: "证明无法导出该检查点",
    remedy: "不要信任它。请索取新的证明并比对检查点。",
  },
  "ledger/not-sealed": {
    text: "共同签署检查点的成员过少",
    remedy: "请向任一成员节点索取由超过三分之二成员共同签署的检查点。",
  },
  "ledger/broken-chain": {
    text: "信任链无法从一组成员连到下一组",
    remedy: "请重新索取完整的信任链，并向另一成员核对；不要信任以此为据的内容。",
  },
  "ledger/bad-evidence": {
    text: "该文件不能证明任何一方有过错",
    remedy: "制作者可能诬告，或遗漏了证明内容：请勿采信。",
  },
  "node/no-folder": {
    text: "这不是数据文件夹",
    remedy: "请用 --dir 指定正确的文件夹，或运行 `anamnesis init DIR --org NAME`。",
  },
  "node/no-genesis": {
    text: "数据文件夹缺少 genesis.json",
    remedy:
      "请从副本恢复 genesis.json：没有丢失任何内容，它也不是机密。用 --join 建立的文件夹请运行 anamnesis init DIR --genesis FILE。",
  },
  "node/no-orderer": {
    text: "不知道由谁为此账本排序",
    remedy:
      "请在 anamnesis.toml 中写入 [orderer] 的 url 和 token：排序节点的地址，以及其 anamnesis.toml 中的 entries_token（由其运营方提供）。",
  },
  "node/no-registry": {
    text: "此账本没有成员登记",
    remedy: "它由另一种合约创立：请使用当时的软件。",
  },
  "node/folder-not-empty": {
    text: "文件夹非空",
    remedy: "请指定新的或空的文件夹。",
  },
  "node/half-made-folder": {
    text: "该数据文件夹未创建完成",
    remedy: "请再次运行相同的 `anamnesis init`：其中没有任何已确认的内容。",
  },
  "node/already-made": {
    text: "数据文件夹已存在",
    remedy: "请直接使用，或指定其他文件夹。",
  },
  "node/bad-config": {
    text: "anamnesis.toml 无法使用",
    remedy: "请更正所指出的位置。",
  },
  "node/bad-key-file": {
    text: "密钥文件缺失或损坏",
    remedy: "请从 keys/ 的备份中恢复。",
  },
  "node/unknown-source": {
    text: "没有此数据源",
    remedy: "请查看 `anamnesis source list`，或用 `anamnesis source add` 添加。",
  },
  "node/source-exists": {
    text: "数据源已配置",
    remedy: "请选择其他名称，或编辑 anamnesis.toml。",
  },
  "node/bad-url": {
    text: "地址不是可捕获的数据库的地址",
    remedy: "请写成 postgres://user:password@host:port/database 或 mariadb://user:password@host:port/database。",
  },
  "node/missing-variable": {
    text: "anamnesis.toml 引用的环境变量未设置",
    remedy: "请设置该变量后重试。",
  },
  "node/no-access": {
    text: "当前账户无权读写该文件夹",
    remedy: "请更正文件夹的所有者与权限，或使用创建它的账户。",
  },
  "node/disk-full": {
    text: "磁盘已满",
    remedy: "请释放空间后重试。已确认的内容不会丢失。",
  },
  "node/not-captured": {
    text: "该数据源从未被捕获",
    remedy: "请先运行 `anamnesis capture NAME --until-caught-up` 或 `anamnesis node`。",
  },
  "node/pushed-source": {
    text: "此数据源的变更由外部推送：没有可查询的数据库",
    remedy: "账本内容请用 `anamnesis history` 与 `anamnesis log verify` 查看；另见 spec/debezium.md。",
  },
  "node/bad-mapping": {
    text: "误用检测映射中的一个查询没有给出所需的列",
    remedy: "请在 anamnesis.toml 的 [source.NAME.misuse] 中更正；各列见 docs/misuse.md。",
  },
  "misuse/bad-rules": {
    text: "这不是规则文件",
    remedy: "请以 `anamnesis misuse --show-rules` 的输出为起点。",
  },
  "misuse/unknown-rule": {
    text: "规则文件中有不存在的规则",
    remedy: "请更正名称：`anamnesis misuse --show-rules` 列出全部规则。",
  },
  "misuse/unknown-parameter": {
    text: "规则文件设置了不存在的参数",
    remedy: "请更正名称：`anamnesis misuse --show-rules` 列出全部参数。",
  },
  "misuse/bad-parameter": {
    text: "规则参数的类型不对或超出范围",
    remedy: "请使用消息中所示范围内的值。",
  },
  "node/unknown-row": {
    text: "账本中没有该行的事件",
    remedy: "请检查表名（schema.table）与键（各值以 | 连接）。",
  },
  "node/no-checkpoint": {
    text: "该证明没有自带检查点",
    remedy: "请用 --checkpoint 指定来自别处的检查点，或索取带有封印的证明。",
  },
  "node/bad-proof-index": {
    text: "日志的该位置没有事件",
    remedy: "请使用 `anamnesis history` 显示的序号。",
  },
  "node/not-a-witness": {
    text: "该文件夹不能作为此见证者使用",
    remedy: "用 --dir 指明见证者的文件夹，或用 --name 新建一个。",
  },
  "node/damaged-memory": {
    text: "此见证者或监视器以前所见的记录已丢失或损坏",
    remedy: "从副本恢复其文件夹。没有副本时，用新密钥新建见证者，或新建监视器：绝不要让旧密钥重新开始。",
  },
  "node/unconfirmed": {
    text: "此处无法检查的事项需要确认",
    remedy: "请先核实，再加上 --yes 重复该命令。",
  },
  "node/cut-off": {
    text: "无法连接到负责排序的成员：本节点只提供最近一次验证过的内容，捕获到的事件在等待。",
    remedy: "请检查网络以及 anamnesis.toml 中的 [orderer]。不会丢失任何内容：恢复后会自动赶上。",
  },
  "node/stopped": {
    text: "在完成之前被停止",
    remedy: "请重新运行：会从停止处继续。",
  },
  "cli/usage": {
    text: "无法理解命令行",
    remedy: "请查看 --help。",
  },
  "cli/unreadable-file": {
    text: "文件无法读取",
    remedy: "请检查文件名与权限。",
  },
  "cli/unwritable-file": {
    text: "文件无法写入",
    remedy: "请检查文件夹、权限与剩余空间。",
  },
  "cli/no-sandbox": {
    text: "该文件夹中没有运行的沙箱",
    remedy: "请先在另一个终端运行 `npm start`。",
  },
  "cli/sandbox-folder": {
    text: "该文件夹中的内容不是沙箱",
    remedy: "请用 --dir 选择其他文件夹。",
  },
  "cli/sql-failed": {
    text: "数据库拒绝了该语句",
    remedy: "请更正语句；该事务未保留任何内容。",
  },
  "cli/demo-failed": {
    text: "演示发现有内容不成立",
    remedy: "请附上以上输出与种子报告。",
  },
  internal: {
    text: "发生意外错误",
    remedy: "设置 ANAMNESIS_DEBUG=1 可查看详情，并请报告。",
  },
  "ledger/exists": {
    text: "该文件夹中已有账本",
    remedy: "请选择其他文件夹。",
  },
  "ledger/bad-block": {
    text: "区块与合约或状态矛盾",
    remedy: "该日志并非由诚实的引擎产生：请查明是谁替换了它。",
  },
  "node/capture-failed": {
    text: "捕获遇到未知错误",
    remedy: "设置 ANAMNESIS_DEBUG=1 可查看详情，并请报告。",
  },
};
