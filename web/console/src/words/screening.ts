/** The house's own rules for payments. */
import type { BackTestCut, RuleStage } from '@/api/types'
import { plural, say, type Words } from './say'

export const screening = {
  lead: say(
    '自己的规则，和系统自带的信号一起看一笔交易。先试算过去的交易，再以影子方式试用，最后由另一个人签发使用。规则只说明一笔交易为什么显眼，不下结论。',
    'Rules of your own, beside the signals that come with the software. Try them on what is past, let them run in shadow, and have a second person sign them off. A rule says why a payment stands out, never what somebody is.',
  ),
  used: say(
    (version: number) => `现在使用：第 ${version} 版`,
    (version) => `Used now: version ${version}`,
  ),
  unused: say('现在没有使用自己的规则', 'No rule of your own is used now'),
  unreadable: say(
    '正在使用的规则，本版本软件读不懂，因此没有参与判断。请写一个新版本。',
    'This version of the software cannot read the rules in use, so none is asked. Write a new version.',
  ),
  begin: say('写一个新版本', 'Write a new version'),
  copy: say('以这一版为基础写新版本', 'Begin a new version from this one'),
  rules: say('规则', 'Rules'),
  none: say('这一版里没有规则。', 'There is no rule in this version.'),
  none_yet: say('还没有规则。先加一条，再试算。', 'No rule yet. Add one, then try it on what is past.'),
  add: say('加一条规则', 'Add a rule'),
  remove: say('删除这条规则', 'Remove this rule'),
  code: say('名称', 'Name'),
  code_hint: say('小写字母、数字和 _，如 late_refund', 'Small letters, digits and _, as late_refund'),
  text_zh: say('中文说明', 'In Chinese'),
  text_en: say('英文说明', 'In English'),
  when: say('条件', 'Condition'),
  when_hint: say(
    '条件成立就标出这笔交易。金额以分计；不知道的信息既不算成立，也不算不成立。',
    'A payment is marked when it holds. Amounts are in minor units; what nobody knows neither holds nor does not.',
  ),
  points: say('分值', 'Points'),
  points_of: say(
    (points: number) => `${points} 分`,
    (points) => plural(points, 'point'),
  ),
  stage: say('使用方式', 'How far it is in use'),
  stage_of: {
    off: say('停用', 'Off'),
    shadow: say('影子', 'Shadow'),
    live: say('生效', 'Live'),
  } satisfies Words<RuleStage>,
  stage_hint: say(
    '影子：只计数，不影响分数。生效：成为一条理由并计分。',
    'Shadow: counted, no score changes. Live: a reason that counts.',
  ),
  variables: say('条件里可以用的信息', 'What a condition may ask about'),
  wrong: say(
    (count: number) => `${count} 条规则有错，改好才能保存。`,
    (count) =>
      `${plural(count, 'rule')} ${count === 1 ? 'is' : 'are'} wrong. Put that right to save the version.`,
  ),
  right: say('每条规则都写对了。', 'Each rule is written right.'),
  checking: say('正在检查…', 'Checking…'),
  save: say('保存草稿', 'Save the draft'),
  unsaved: say('还没保存', 'Not saved yet'),
  own: say(
    (rule: string) => `自定规则 ${rule}`,
    (rule) => `Own rule ${rule}`,
  ),
  shadow: say('影子规则', 'Rules in shadow'),
  would_have_marked: say(
    (count: string) => `会标出 ${count} 笔`,
    (count) => `would have marked: ${count}`,
  ),
  not_known: say(
    (count: string) => `${count} 笔信息不足`,
    (count) => `too little known: ${count}`,
  ),
  not_computed: say(
    (count: string) => `${count} 笔算不出`,
    (count) => `not computed: ${count}`,
  ),
  test: {
    title: say('用过去的交易试算', 'Try them on what is past'),
    lead: say(
      '不保存，也不影响任何分数。每条规则都算，不论使用方式。',
      'Nothing is kept and no score changes. Each rule is asked, however far it is in use.',
    ),
    days: say('往前几天', 'Days back'),
    days_of: say(
      (days: number) => `${days} 天`,
      (days) => plural(days, 'day'),
    ),
    run: say('试算', 'Try them'),
    running: say('正在试算…', 'Trying…'),
    looked: say(
      (payments: string, terminals: string) => `看了 ${terminals} 台终端的 ${payments} 笔交易`,
      (payments, terminals) => `Payments looked at: ${payments}, of terminals: ${terminals}`,
    ),
    marked: say(
      (count: string) => `至少被一条规则标出：${count} 笔`,
      (count) => `Marked by at least one rule: ${count}`,
    ),
    cut: {
      terminals: say('终端太多，没有全看', 'there are more terminals than are looked at'),
      payments: say('交易太多，没有全看', 'there are more payments than are looked at'),
      time: say('时间到了，没有看完', 'it took too long to look at all'),
    } satisfies Words<BackTestCut>,
    cut_lead: say('没有看全：', 'Not all was looked at: '),
    said: say('和人工判定比', 'Against what people said'),
    of_fraudulent: say(
      (hit: string, all: string) => `判定为“不是本店”的 ${all} 笔里标出 ${hit} 笔`,
      (hit, all) => `${hit} of ${all} that people called not the shop’s`,
    ),
    of_genuine: say(
      (hit: string, all: string) => `判定为“本店”的 ${all} 笔里标出 ${hit} 笔`,
      (hit, all) => `${hit} of ${all} that people called the shop’s`,
    ),
    by_day: say('按天', 'By day'),
    examples: say('例子', 'Examples'),
    missing: say(
      (variable: string, count: string) => `不知道 ${variable}：${count} 笔`,
      (variable, count) => `${variable} not known: ${count}`,
    ),
  },
}
