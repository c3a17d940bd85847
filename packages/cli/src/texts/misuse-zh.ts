/** `anamnesis misuse` 的中文文字：每条理由都是一句可以念给当事人听的话。 */
import type { Reason } from "@anamnesis/node";
import type { misuseEn } from "./misuse-en.ts";

export const misuseZh: typeof misuseEn = {
  about: "查找需要当事人说明的访问：结果是提问，不是定论",
  since: "只看此时间及以后的访问（2026-03-01 或 2026-03-01T06:00Z）",
  until: "只看此时间以前的访问",
  rules: "规则文件（TOML 或 JSON），覆盖预设值",
  showRules: "以 TOML 打印预设规则后结束",
  limit: "屏幕上显示的条数；--json 列出规则保留的全部",

  none: (accesses) => `在 ${accesses} 次访问中没有需要询问的。`,
  found: (n, accesses) => `${accesses} 次访问中有 ${n} 个需要询问的问题`,
  ethics: "结果是向当事人提出的问题，不是定论。请先询问，再下结论。",
  more: (n) => `另有 ${n} 条；--json 全部列出`,
  beyond: (n) => `另有 ${n} 条得分更低的结果未保留（findings_max）`,
  score: (score) => `得分 ${score}`,
  person: (actor, role) => (role === "" ? actor : `${actor}（${role}）`),
  onePatient: (patient) => `患者 ${patient}`,
  manyPatients: (n) => `${n} 名患者`,
  accesses: (n, first, last) => (n === 1 ? `1 次访问，时间 ${first}` : `${n} 次访问，自 ${first} 至 ${last}`),
  events: (list, more) => `事件 ${list}${more > 0 ? ` 及另外 ${more} 个` : ""}`,

  reason(r: Reason): string {
    switch (r.rule) {
      case "no-relation": {
        const where = r.present ? "但患者当时正在本院接受诊疗" : "而且患者当时不在本院接受诊疗";
        return `医院的记录无法解释 ${r.of} 次查看中的 ${r.visits} 次，${where}${r.written ? "；不过期间写入了内容" : ""}。`;
      }
      case "volume":
        return `一天之内打开了 ${r.patients} 名患者的病历；${people(r.role)}通常约为 ${r.usual} 名，超过 ${r.limit} 名即属异常。`;
      case "unrelated-volume":
        return `一天之内打开了 ${r.patients} 名与此人毫无关联的患者的病历；${people(r.role)}通常约为 ${r.usual} 名，超过 ${r.limit} 名即属异常。`;
      case "same-family":
        return `两人同姓，而 ${r.among} 名患者中只有 ${r.bearers} 名姓此姓。`;
      case "same-address":
        return "两人住址相同。";
      case "neighbour":
        return r.houses === 0 ? "两人住在同一栋楼。" : `两人住在同一条街，门牌号相差 ${r.houses}。`;
      case "former-contact":
        return "患者曾把此人登记为私人联系人。";
      case "colleague":
        return r.sameDepartment ? "患者是同一科室的同事。" : "患者是同事。";
      case "vip":
        return "该病历被标记为公众人物的病历。";
      case "own-record":
        return "这是此人自己的病历。";
      case "odd-hours":
        return `有 ${r.visits} 次查看${r.roster ? "不在排班时间之内" : "发生在此人通常不工作的时间"}。`;
      case "repeated":
        return `在 ${r.days} 天内查看该病历 ${r.visits} 次；没有写入任何内容，此后此人也没有参与诊疗。`;
      case "long-after":
        return r.deceased ? `患者当时已去世 ${r.days} 天。` : `本院当时已有 ${r.days} 天没有诊疗过该患者。`;
      case "unfounded-emergency":
        return `有 ${r.visits} 次查看以急救为由，但患者并不在院，也没有写入任何内容。`;
      case "harvesting":
        return `在 ${r.minutes} 分钟内按编号顺序接连打开了 ${r.patients} 份病历。`;
    }
  },

  notLooked: "未查看的内容",
  switchedOff: (rule) => `规则 ${rule}：已关闭`,
  skipped: (rule, missing) => `规则 ${rule}：没有向医院数据库查询${missing}`,
  needs: {
    staff: "员工名录",
    relations: "就诊或其他诊疗关系",
    families: "员工姓氏",
    addresses: "员工住址",
    "staff-patients": "哪些员工也是患者",
    vip: "公众人物标记",
    contacts: "私人联系人",
    "patient-numbers": "患者编号",
  },
  unattributed: (n) => `${n} 次访问不知是谁所为`,
  withoutPatient: (n) => `${n} 次访问无法确定是哪位患者（行已不在、与患者无关，或只是列表）`,
  unknownActors: (actors, accesses) => `${actors} 人不在员工名录中，共 ${accesses} 次访问：只检查了数量、时间与顺序`,
  exempt: (n) => `${n} 次访问的目的属于豁免范围`,
  closedEarly: (n) => `${n} 对人员与患者在时间窗结束之前即作判断（pairs_max）`,
  asked: "向医院数据库查询了",
  queries: { patients: "患者", staff: "员工", relations: "诊疗关系", shifts: "排班", contacts: "联系人" },
  from: { configured: "按配置", detected: "自动识别", none: "未找到" },
};

const people = (role: string): string => (role === "" ? "其他人" : `同为 ${role} 的其他人`);
