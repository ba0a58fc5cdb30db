/** The house's own rules for payments. */
import type { BackTestCut, DriftLevel, RuleStage } from '@/api/types'
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
  model: {
    lead: say(
      '模型从人工判定里学：哪些交易更可能被判定为“不是本店”。它是信号之外的第二意见，不改变任何分数，由另一个人签发后才使用。',
      'A model learns from what people marked which payments they are likely to call not the shop’s. It is a second opinion beside the signals, changes no score, and is used once a second person has signed it off.',
    ),
    to: say('交易模型：第二意见', 'Model of payments: a second opinion'),
    unused: say('现在没有使用模型', 'No model is used now'),
    train: say('训练新版本', 'Train a new version'),
    training: say('正在训练…', 'Training…'),
    again: say('回到这一版', 'Go back to this version'),
    unreadable: say(
      '本版本软件读不懂这个模型，不会使用它。请重新训练。',
      'This version of the software cannot read this model and does not use it. Train another one.',
    ),
    card: say('模型说明', 'Model card'),
    trained_at: say('训练时间', 'Trained'),
    learnt: say('学习的交易', 'Learnt from'),
    learnt_of: say(
      (all: string, fraudulent: string) => `${all} 笔，其中 ${fraudulent} 笔判定为“不是本店”`,
      (all, fraudulent) => `Payments: ${all}, of which people called not the shop’s: ${fraudulent}`,
    ),
    between: say('交易时间', 'Between'),
    currency: say('币种', 'Currency'),
    held_out: say('用最新五分之一检验', 'Tried on the last fifth'),
    held_out_of: say(
      (precision: string, chance: string) => `平均精度 ${precision}（随便猜是 ${chance}）`,
      (precision, chance) => `average precision ${precision} (chance gives ${chance})`,
    ),
    too_few: say('标注太少，无法检验', 'too few marks to say'),
    digest: say('数据摘要', 'Digest of the data'),
    looks_at: say('它看什么', 'What it looks at'),
    not_for: say('不能用来做什么', 'What it must not be used for'),
    drift: say('最近一个月变了多少', 'How far the last month has moved'),
    drift_lead: say(
      '把最近 30 天报失前后的交易和训练用的交易相比。变化大，就该重新训练。',
      'Payments around losses of the last 30 days against those it learnt from. Where they have changed, train it anew.',
    ),
    compare: say('比较', 'Compare'),
    compared: say(
      (count: string) => `比较了 ${count} 笔交易`,
      (count) => `Payments compared: ${count}`,
    ),
    cut: say('没有看全。', 'Not all were looked at.'),
    level: {
      unknown: say('太少，看不出', 'too few to say'),
      stable: say('没变', 'as it was'),
      shifted: say('有变化', 'has shifted'),
      changed: say('变化大，应重新训练', 'has changed: train anew'),
    } satisfies Words<DriftLevel>,
    seen: say('我看过模型说明。', 'I have read the model card.'),
    second: say('模型的第二意见', 'The model’s second opinion'),
    of_thousand: say(
      (score: number) => `这样的交易 1000 笔里，预计 ${score} 笔会判定为“不是本店”。不计入分数。`,
      (score) =>
        `Of 1,000 such payments people are expected to call ${score} not the shop’s. It is not in the score.`,
    ),
  },
}
