/** The codes with which the registry of members refuses. */
import type { RegistryErrorCode } from "@anamnesis/contracts";
import type { ErrorText } from "../errors.ts";

export const registryErrorsZh: Readonly<Record<RegistryErrorCode, ErrorText>> = {
  "registry/malformed": {
    text: "关于成员的命令格式错误",
    remedy: "这是我们的错误：请附上此文字报告。",
  },
  "registry/unknown-organisation": {
    text: "没有使用此标识的机构",
    remedy: "请用 anamnesis members 查看标识。",
  },
  "registry/known-organisation": {
    text: "此标识已分配给某个机构",
    remedy: "标识不会重复分配：请另选一个。",
  },
  "registry/wrong-status": {
    text: "该机构的当前状态不允许此操作",
    remedy: "请用 anamnesis members 查看其状态。",
  },
  "registry/known-key": {
    text: "此密钥正在或曾在账本上使用",
    remedy: "请生成新的密钥：每个密钥只有一个所有者和一种用途。",
  },
  "registry/unknown-key": {
    text: "这不是该机构当前的密钥",
    remedy: "请用 anamnesis members 查看其密钥。",
  },
  "registry/no-proof": {
    text: "新密钥没有为自己签名",
    remedy: "请在持有该密钥的文件夹中重新生成文件（anamnesis init --join）。",
  },
  "registry/last-key": {
    text: "机构至少须保留一个密钥",
    remedy: "请先添加新密钥，或在停用旧密钥的同时添加。",
  },
  "registry/last-member": {
    text: "账本至少须保留一个有效机构",
    remedy: "请先让另一机构加入或恢复。",
  },
  "registry/too-many": {
    text: "已达到账本的上限",
    remedy: "说明文字指出是哪一项：密钥、成员或角色。",
  },
  "registry/too-many-proposals": {
    text: "该机构的未决提案过多",
    remedy: "请等待它们通过或到期。",
  },
  "registry/unknown-proposal": {
    text: "没有此编号的提案",
    remedy: "请用 anamnesis members 查看未决提案。",
  },
  "registry/proposal-closed": {
    text: "该提案已有结果",
    remedy: "无需再投票。",
  },
  "registry/proposal-expired": {
    text: "该提案已过期",
    remedy: "请重新提出。",
  },
  "registry/concerned": {
    text: "机构不能就涉及自身的事项投票",
    remedy: "由其他成员决定。",
  },
  "registry/no-change": {
    text: "已是如此",
    remedy: "无需任何操作。",
  },
  "registry/unknown-person": {
    text: "该机构未为此人员担保",
    remedy: "请检查姓名，或先为其担保（anamnesis person vouch）。",
  },
  "registry/unknown-version": {
    text: "本软件不支持该状态版本",
    remedy: "请先更新每个成员节点上的 Anamnesis，再重新提出。",
  },
};
