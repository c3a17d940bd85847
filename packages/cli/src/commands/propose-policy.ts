/** `anamnesis propose policy`: only what is named is changed. */
import type { Policy, Share } from "@anamnesis/ledger";
import { membersOf, openFolder } from "@anamnesis/node";
import { type Command, InvalidArgumentError } from "commander";
import { integerFrom } from "../arguments.ts";
import { exampleText } from "../help.ts";
import { type MemberOptions, propose } from "../member-command.ts";
import type { Runner } from "../runner.ts";

interface PolicyOptions extends MemberOptions {
  readonly members?: Share;
  readonly rules?: Share;
  readonly days?: number;
  readonly burst?: number;
  readonly perSecond?: number;
}

const DAY_MS = 86_400_000;
const DAYS_MAX = 366;
const EVENTS_MAX = 1_000_000_000_000;

function shareOption(text: string): Share {
  const [, part, whole] = /^([1-9]\d{0,2})\/([1-9]\d{0,3})$/.exec(text) ?? [];
  if (part === undefined || whole === undefined) throw new InvalidArgumentError("a share such as 2/3 is expected");
  return [Number(part), Number(whole)];
}

export function registerPolicy(proposal: Command, runner: Runner): void {
  const { members, options } = runner.texts;
  const { policy } = members.commands;
  const events = integerFrom(1, EVENTS_MAX);
  proposal
    .command("policy")
    .description(policy.about)
    .requiredOption("--dir <dir>", options.dir)
    .option("--members <share>", policy.members, shareOption)
    .option("--rules <share>", policy.rules, shareOption)
    .option("--days <n>", policy.days, integerFrom(1, DAYS_MAX))
    .option("--burst <events>", policy.burst, events)
    .option("--per-second <events>", policy.perSecond, events)
    .option("--json", options.json)
    .addHelpText("after", exampleText(runner.texts, "propose policy --members 2/3 --days 7 --dir data"))
    .action((o: PolicyOptions) =>
      runner.run(o, async (session) => {
        const { policy: now } = await membersOf(openFolder(o.dir));
        return propose(o.dir, { type: "policy", policy: changed(now, o) }, session);
      }),
    );
}

const changed = ({ members, rules, proposalMs, quota }: Policy, o: PolicyOptions): Policy => ({
  members: o.members ?? members,
  rules: o.rules ?? rules,
  proposalMs: o.days === undefined ? proposalMs : o.days * DAY_MS,
  quota: { burst: o.burst ?? quota.burst, perSecond: o.perSecond ?? quota.perSecond },
});
