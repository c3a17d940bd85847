/** 与成员有关的命令的中文文字。 */
import type { membersEn } from "./members-en.ts";

export const membersZh: typeof membersEn = {
  commands: {
    init: {
      join: "只生成密钥与 organisation.json：用于与其他机构共同创立或加入账本",
      genesis: "把此完整的创世文件收入用 --join 建立的文件夹",
    },
    genesis: "与其他机构共同创立账本",
    genesisPropose: {
      about: "根据各方的 organisation.json 提出创世文件并签名；由本文件夹的节点排序",
      members: "其他每个创立机构的 organisation.json",
      out: "要写入的文件，由其他机构依次签名",
    },
    genesisSign: { about: "签署提出的创世文件", file: "提出的创世文件；签名会加入其中" },
    members: { about: "谁是成员、使用哪些密钥、正在表决什么" },
    propose: "向其他成员提出变更；足够多的成员赞成即生效",
    join: { about: "接纳一个机构", file: "该机构的 organisation.json" },
    suspend: { about: "拒绝某机构签名的一切，直到其恢复" },
    reinstate: { about: "恢复被暂停的机构" },
    remove: { about: "永久终止某机构的成员资格" },
    recover: {
      about: "密钥泄露后更换某机构的密钥",
      file: "该机构新文件夹（init --join --id ID）中的 organisation.json",
    },
    policy: {
      about: "更改表决规则与配额",
      members: "决定成员事项所需的赞成比例，如 1/2",
      rules: "决定规则事项所需的赞成比例，如 2/3",
      days: "提案的有效天数",
      burst: "一个机构可一次提交的事件数",
      perSecond: "每秒恢复的配额事件数",
    },
    upgrade: { about: "把状态升级到下一版本，所有节点在同一区块生效" },
    vote: { about: "对提案投票", number: "提案编号，见 anamnesis members", no: "投反对票" },
    leave: { about: "永久终止本机构的成员资格", sure: "确认" },
    keys: "本机构自己的密钥",
    keysRotate: { about: "从现在起使用新密钥签名" },
    keysRetire: { about: "停用较旧的密钥", id: "密钥标识，见 anamnesis members" },
    cosigner: { about: "从现在起使用新密钥联署" },
    person: "本机构担保的人员：账本上只有带密钥的代号，从无姓名",
    vouch: {
      about: "为某人担保一个或多个角色，或更改角色",
      name: "人员名称，与数据源中一致",
      role: "角色，如 nurse；可多次给出",
    },
    withdraw: { about: "不再为某人担保" },
    org: "机构标识，见 anamnesis members",
  },

  joined: (dir) => `已建立文件夹 ${dir}：密钥与 organisation.json，尚无账本`,
  joinNext: (file) => `下一步：把 ${file} 交给其他机构。私钥留在本文件夹中。`,
  proposed: (file) => `已将提出的创世文件写入 ${file}`,
  signed: (file) => `已签署 ${file}`,
  missing: (ids) => `尚待依次签名：${ids.join("、")}`,
  complete: (file) => `所有创立机构均已签名。下一步，在每个创立机构的文件夹中：anamnesis init DIR --genesis ${file}`,
  adopted: (dir, orders) =>
    orders ? `账本已建立于 ${dir}：本节点负责排序。` : `创世文件已收入 ${dir}：本节点跟随排序节点。`,
  adoptedNext: (orders) =>
    orders
      ? "下一步：将其他成员的地址写入 anamnesis.toml 的 [members]，把本节点的地址和 entries_token 交给他们，然后运行：anamnesis node"
      : "下一步：将排序节点的地址和令牌写入 anamnesis.toml 的 [orderer]，把本节点的地址告知排序节点，然后运行：anamnesis node",

  title: (chain, epoch, size) => `${chain}：第 ${epoch} 届，${size} 个叶子`,
  status: { active: "有效", suspended: "已暂停", left: "已退出", removed: "已移除" },
  own: "本机构",
  keyCount: (n) => `${n} 个密钥`,
  noProposals: "没有正在表决的提案。",
  proposals: "正在表决",
  votes: (yes, voters) => `${voters} 票中 ${yes} 票赞成`,
  until: "截止",

  submitted: "已写入账本。",
  proposalNext: (number) => `其他成员投票：anamnesis vote ${number} --dir DIR（见 anamnesis members）。`,
  decided: "该提案已由此票决定：见 anamnesis members。",
  rotated: (old) => `从现在起使用新密钥签名。请重启运行中的节点，然后运行：anamnesis keys retire ${old}`,
  cosignerRotated: "从现在起使用新密钥联署。请重启运行中的节点。",
  sure: "退出不可撤销：请加 --yes",
};
