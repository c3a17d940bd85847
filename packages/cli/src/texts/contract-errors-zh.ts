/** The codes with which the contract modules refuse. */
import type { ContractErrorCode } from "@anamnesis/contracts";
import type { ErrorText } from "../errors.ts";
import { registryErrorsZh } from "./registry-errors-zh.ts";

export const contractErrorsZh: Readonly<Record<ContractErrorCode, ErrorText>> = {
  ...registryErrorsZh,
  "events/over-quota": {
    text: "该机构近期提交的事件过多",
    remedy: "采集会等待并自动继续；成员可投票提高配额（anamnesis propose policy）。",
  },
  "events/malformed-batch": {
    text: "事件批次格式错误",
    remedy: "这是我们的错误：请附上此文字报告。",
  },
  "events/wrong-root": {
    text: "批次与其事件不匹配",
    remedy: "请重新运行；若再次出现，请附上此文字报告。",
  },
  "events/stale-position": {
    text: "账本已包含该段历史",
    remedy: "请勿同时运行两个捕获进程。重新启动后会从账本位置继续。",
  },
  "events/undeclared-gap": {
    text: "批次跳过了一段历史",
    remedy: "请重新启动：缺口会被记录到账本上。",
  },
  "events/not-in-order": {
    text: "事件顺序错误",
    remedy: "这是我们的错误：请附上此文字报告。",
  },
  "incentive/malformed-seal": {
    text: "封印格式不正确",
    remedy: "这是我们的错误：请附上此文字报告。",
  },
  "incentive/nothing-to-seal": {
    text: "没有可封印的内容",
    remedy: "请等待账本上出现新内容。",
  },
  "incentive/stale-seal": {
    text: "该段日志已封印",
    remedy: "请重新读取最新检查点并对其封印。",
  },
  "incentive/too-early": {
    text: "距上一次封印时间太短",
    remedy: "请几秒后重试。",
  },
  "incentive/not-in-line": {
    text: "仅含本机构事件的一段日志须由其他成员封印",
    remedy: "请交给下一位成员。",
  },
  "incentive/not-your-turn": {
    text: "现在轮到另一成员封印",
    remedy: "请等待轮到本机构：消息中说明还需多久。",
  },
  "incentive/bad-cosignature": {
    text: "封印中的一个联署签名有误",
    remedy: "请重新收集联署签名；若再次发生，请查明是谁发出错误签名。",
  },
  "incentive/old-cosignature": {
    text: "联署签名早于待封印内容",
    remedy: "请成员对最新检查点联署，并检查其时钟。",
  },
  "incentive/no-quorum": {
    text: "联署的成员不足",
    remedy: "请等待超过三分之二的成员联署，可用 `status` 查看缺少谁。",
  },
};
