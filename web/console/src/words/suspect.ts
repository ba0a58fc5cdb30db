/** The payments of a loss that are to be checked, and what people say of them. */
import type { Mark, SuspectEntry, SuspectKind, SuspectState } from '@/api/types'
import { plural, say, type Words } from './say'

const kind: Words<SuspectKind> = {
  sale: say('消费', 'Sale'),
  refund: say('退款', 'Refund'),
  void: say('撤销', 'Void'),
  other: say('其他', 'Other'),
}
const state: Words<SuspectState> = {
  approved: say('成功', 'Approved'),
  declined: say('已拒绝', 'Declined'),
  pending: say('处理中', 'Pending'),
  unknown: say('结果不清楚', 'Outcome not known'),
}
const entry: Words<SuspectEntry> = {
  tapped: say('挥卡', 'tapped'),
  inserted: say('插卡', 'inserted'),
  swiped: say('刷磁条', 'swiped'),
  keyed: say('手输卡号', 'number typed in'),
  fallback: say('芯片没读出，改刷磁条', 'swiped because the chip was not read'),
  code: say('扫码', 'by code'),
}
const mark: Words<Mark> = {
  genuine: say('真实', 'Genuine'),
  fraudulent: say('欺诈', 'Fraudulent'),
  unsure: say('存疑', 'Unsure'),
}
/** What a shop answers. */
const answer: Words<Mark> = {
  genuine: say('是店里的', 'Ours'),
  fraudulent: say('不是', 'Not ours'),
  unsure: say('不确定', 'Not sure'),
}
const step: Words<Mark> = {
  fraudulent: say('左滑', 'swipe left'),
  unsure: say('上滑', 'swipe up'),
  genuine: say('右滑', 'swipe right'),
}
const payments = (count: number) => plural(count, 'payment')

export const suspect = {
  kind,
  state,
  entry,
  mark,
  answer,
  swipe: step,
  unmarked: say('未判', 'Unmarked'),
  open: say('待核对', 'To check'),
  title: say('需要核对的交易', 'Payments to check'),
  lead: say(
    '排在前面的交易和平时不一样，不等于有人做错了什么。',
    'What stands first differs from the usual. It does not mean that anybody did wrong.',
  ),
  to_check: say(
    (count: number) => `${count} 笔待核对`,
    (count) => `${payments(count)} to check`,
  ),
  link: say('核对交易', 'Check the payments'),
  back: say('回到报失', 'Back to the loss report'),
  payments: say((count: number) => `${count} 笔`, payments),
  in_hour: say(
    (at: string) => `${at} 起的一小时内`,
    (at) => `within the hour from ${at}`,
  ),
  on_day: say(
    (day: string) => `${day}（没有写时刻）`,
    (day) => `${day} (no time of day given)`,
  ),
  card: say(
    (card: string) => `卡 ${card}`,
    (card) => `card ${card}`,
  ),
  payer: say(
    (payer: string) => `付款人 ${payer}`,
    (payer) => `payer ${payer}`,
  ),
  operator: say('收银员', 'Operator'),
  undone_later: say('后来撤销了', 'undone later'),
  cut: say('交易太多，最早的没有列出来。', 'There are too many payments: the oldest are not listed.'),
  perhaps: say('不一定是这台', 'May be another terminal’s'),
  window: say('丢失时段', 'Loss window'),
  within: say('丢失时段内', 'In the window'),
  outside: say('丢失时段外', 'Outside the window'),
  from_to: say(
    (from: string, to: string) => `${from} 到 ${to}`,
    (from, to) => `${from} to ${to}`,
  ),
  hole: say(
    (length: string) => `丢失时段里有 ${length}没有数据`,
    (length) => `${length} without data`,
  ),
  hole_text: say(
    '没有经过系统，也没有账单：发生了什么不知道。',
    'Neither the gate nor a statement has these times: what happened is not known.',
  ),
  proves_nothing: say(
    '没有列出来，不等于没有发生：账单里常常没有失败的交易，也没有别家收的。',
    'A missing row proves nothing: a statement seldom has what was declined, and never what another acquirer took.',
  ),
  add_file: say('添加账单', 'Add a statement'),
  at_risk: say('丢失时段里的金额', 'Amounts in the window'),
  at_risk_none: say('丢失时段里没有交易。', 'No payment in the window.'),
  not_asked: say('没能查看的', 'What could not be looked at'),
  read_only: say(
    '你可以看，但不能判定：没有这个权限，或者已经结案。',
    'You may look, not mark: it is not your right, or the case is closed.',
  ),
  empty_title: say('没有可核对的交易', 'No payments to check'),
  empty_hole: say(
    '这段时间还没有数据。从收单机构下载账单，添加到这次报失里。',
    'There is no data for this time yet. Download the statement from your acquirer and add it to the loss report.',
  ),
  empty_window: say(
    '丢失前后这段时间有数据，里面没有交易。',
    'There is data for the time around the loss, and no payment in it.',
  ),
  empty_filter: say('没有这一类的交易', 'None like that'),
  failed: say('没能读取需要核对的交易', 'Could not load the payments to check'),
  chart: {
    title: say('这段时间', 'The time around it'),
    own: say('这台终端', 'This terminal'),
    others: say('同店其他终端', 'The shop’s other terminals'),
    most: say(
      (most: number) => `最多 ${most} 笔`,
      (most) => `at most ${most}`,
    ),
    stop: say(
      (at: string) => `${at} 停用`,
      (at) => `stopped ${at}`,
    ),
    step: say(
      (length: string) => `每柱 ${length}，上下两排各用自己的比例`,
      (length) => `a bar is ${length}; each row has its own scale`,
    ),
    unseen: say('没有数据', 'no data'),
    text: say(
      (from: string, to: string, own: number, marked: string) =>
        `从 ${from} 到 ${to}，这台终端 ${own} 笔。${marked}。每一笔在下面的表里。`,
      (from, to, own, marked) =>
        `From ${from} to ${to}: ${payments(own)} of this terminal. ${marked}. Each stands in the table below.`,
    ),
  },
  column: {
    select: say('选中', 'Select'),
    score: say('突出程度', 'Score'),
    time: say('时间', 'Time'),
    amount: say('金额', 'Amount'),
    card: say('卡或付款人，方式', 'Card or payer, how'),
    why: say('为什么', 'Why'),
    mark: say('判定', 'Mark'),
  },
  filter: say('按判定筛选', 'Filter by mark'),
  score_of: say(
    (score: number) => `满分 1000，这笔 ${score}`,
    (score) => `${score} of 1000`,
  ),
  why_score: say(
    (score: number) => `为什么是 ${score}`,
    (score) => `Why ${score}`,
  ),
  no_reason: say('没有和平时不一样的地方。', 'Nothing differs from the usual.'),
  points: say(
    (points: number) => `+${points} 分`,
    (points) => `+${plural(points, 'point')}`,
  ),
  opinions: say('谁怎么判', 'Who marked it what'),
  no_opinion: say('还没有人判定。', 'Nobody has marked it yet.'),
  differ: say('看法不同', 'Opinions differ'),
  same: say('同一张卡或付款人还出现在', 'The same card or payer elsewhere'),
  sale: say('退的是这一笔', 'The sale it gives back'),
  jump: say('到这一笔', 'Go to it'),
  ground: say('理由（可不填），和判定一起留下', 'Ground (may be left out), kept with the mark'),
  place: say(
    (place: number, of: string) => `第 ${place} 笔，共 ${of} 笔`,
    (place, of) => `${place} of ${of}`,
  ),
  selected: say(
    (count: number) => `选中 ${count} 笔`,
    (count) => `${payments(count)} selected`,
  ),
  most_selected: say('一次最多 200 笔。', 'At most 200 at a time.'),
  selected_label: say(
    (what: string) => `选中 ${what}`,
    (what) => `Select ${what}`,
  ),
  unselect: say('取消选中', 'Clear the selection'),
  take_back: say('撤回我的判定', 'Take my mark back'),
  undo: say('撤销上一步', 'Undo'),
  undone: say('已撤销', 'Undone'),
  marked_as: say(
    (what: string, mark: string) => `${what}：${mark}`,
    (what, mark) => `${what}: ${mark}`,
  ),
  keys: {
    title: say('快捷键', 'Keys'),
    move: say('上下移动', 'move'),
    genuine: say('真实', 'genuine'),
    fraudulent: say('欺诈', 'fraudulent'),
    unsure: say('存疑', 'unsure'),
    undo: say('撤销上一步', 'undo'),
    select: say('选中', 'select'),
    help: say('全部快捷键', 'all keys'),
    clear: say('取消选中', 'clear the selection'),
    next: say('下一笔', 'Next'),
    previous: say('上一笔', 'Previous'),
    note: say(
      '有选中的时候，判定作用于选中的全部。正在输入时快捷键不起作用。',
      'While some are selected, a mark is for all of them. Keys rest while you type.',
    ),
  },
}
