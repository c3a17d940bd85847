import type { eraseEn } from "./erase-en.ts";

export const eraseZh: typeof eraseEn = {
  about: "销毁一名患者的密钥：此后无人能判断曾经证明过什么，此处也不再留有任何指向该患者的内容",
  patient: "患者标识，与标识患者的列中的值一致",
  reason: "写入账本的代码，例如 ERASURE-REQUEST：最多 32 个字母、数字及 . _ : -",
  yes: "不再询问",
  warning: (patient, source) => `${source} 中患者 ${patient} 的密钥将被销毁。此操作无法撤销，此后无人能再验证这些行。`,
  question: "请再次输入患者标识以继续：",
  notConfirmed: "没有擦除任何内容。",
  erased: (names, reason) => `已擦除：${reason}。已忘记 ${names} 个行名；此后 verify 将该患者的行列为已擦除。`,
};
