import type { legalEn } from "./legal-en.ts";

export const legalZh: typeof legalEn = {
  about: "在持续写入中演示一年的合法数据库操作；若核验出现误报则以 1 结束",
  dir: "在此文件夹中工作（默认：临时文件夹）",
  writes: "病房合法写入的最少行数",
  title: "医院对自己的数据库做什么，核验又会说什么",
  silent: (seconds) => `无发现，${seconds} 秒`,
  compared: (why, seconds) => `无发现，${seconds} 秒：${why}`,
  declared: (n, why) => `${n} 行暂时未受证明：${why}`,
  reason: (n, why) => `${n} 行在有人说明理由之前被列出：${why}`,
  why: {
    "new-columns": "最新事件涵盖的是另一组列；捕获按原来的列逐行比较，结果一致",
    "cast-back": "类型变了；捕获把每个值转回原类型比较，结果一致",
    labels: "枚举值改了名；捕获换回原名逐行比较，结果一致",
    "column-gone": "列已删除，所证明的内容也随之消失：谁也无法再比较",
    "other-key": "行改由另一个键命名；捕获程序已逐行与原名称下所证明的内容核对，结果相同",
    "text-lost": "值的写法变了，有些无法无损转回",
    attached: "行随挂接的分区而来：数据库日志对此只字不提",
    detached: "行随分离的分区而去：数据库日志对此只字不提",
    dropped: "表连同其行被删除",
  },
  moves: {
    failOver: "故障切换：主服务器被杀，备用服务器接管；捕获此前已看到全部数据",
    restore: "转储并恢复到新服务器：新的生命，声明为缺口；每一行都一致",
  },
  alarms: (n, examples) => `误报 ${n}：${examples}`,
  sum: (kinds, writes, alarms) => `${kinds} 种合法操作，${writes} 行合法写入，误报：${alarms}`,
};
