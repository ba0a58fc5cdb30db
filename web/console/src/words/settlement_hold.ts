/** Holds on settlement: what is not paid out for a while, by two people of the house. */
import type {
  SettlementHoldAction,
  SettlementHoldGround,
  SettlementHoldProposed,
  SettlementHoldScope,
  SettlementHoldState,
} from '@/api/types'
import { plural, say, type Words } from './say'

export const settlement_hold = {
  title: say('暂缓结算', 'Settlement holds'),
  lead: say(
    '由两人决定，到期自动结束。这里只记下暂缓，结算程序付款前要来读。',
    'Decided by two people; it ends by itself when its term does. This only writes down what is held: the settlement program reads it before it pays out.',
  ),
  empty: say('没有暂缓结算。', 'Nothing is held.'),
  past: say('已结束的', 'No longer held'),
  scope: {
    terminal: say('这台终端', 'This terminal'),
    merchant: say('整个商户', 'The whole merchant'),
  } satisfies Words<SettlementHoldScope>,
  ground: {
    suspected_fraud: say('涉嫌欺诈', 'Suspected fraud'),
    terminal_lost: say('终端遗失或被盗', 'Terminal lost or stolen'),
    dispute: say('交易争议', 'Dispute'),
    authority_order: say('有权机关要求', 'Order of an authority'),
  } satisfies Words<SettlementHoldGround>,
  state: {
    proposed: say('等第二人确认', 'Waits for a second person'),
    standing: say('暂缓中', 'Held'),
    released: say('已解除', 'Released'),
    ended: say('已到期', 'Term over'),
    withdrawn: say('未生效', 'Never stood'),
  } satisfies Words<SettlementHoldState>,
  release_waits: say('解除待第二人确认', 'Release waits for a second person'),
  propose: say('提出暂缓结算', 'Propose a hold'),
  propose_send: say('提出，等第二人确认', 'Propose, for a second person to confirm'),
  propose_hint: say('确认之前不暂缓。', 'Nothing is held until it is confirmed.'),
  of: say('暂缓谁的结算', 'Whose settlement'),
  why: say('依据', 'Ground'),
  text: say('说明', 'In words'),
  text_hint: say(
    '机关的命令请写明机关和文号。商户看不到这里的内容。',
    'Of an order: whose, and its number. The merchant never reads this.',
  ),
  days: say('最多几天', 'Days at most'),
  days_hint: say('从今天起算，1 到 180 天，到期自动结束', 'From today, 1 to 180; then it is over by itself'),
  action: {
    confirm: say('确认', 'Confirm'),
    release: say('提出解除', 'Propose to release'),
    withdraw: say('撤回', 'Take back'),
  } satisfies Words<SettlementHoldAction>,
  confirm: {
    hold: say('确认暂缓', 'Confirm the hold'),
    release: say('确认解除', 'Confirm the release'),
  } satisfies Words<SettlementHoldProposed>,
  refuse: {
    hold: say('不同意暂缓', 'Refuse the hold'),
    release: say('不同意解除', 'Refuse the release'),
  } satisfies Words<SettlementHoldProposed>,
  release_ground: say('为什么可以解除', 'Why it can be released'),
  release_hint: say('确认之前仍然暂缓。', 'It stays held until a second person confirms.'),
  refuse_ground: say('原因（可不填）', 'Why, if you like'),
  by_proposal: say(
    (who: string) => `${who}提出`,
    (who) => `Proposed by ${who}`,
  ),
  by_confirmation: say(
    (who: string) => `${who}确认`,
    (who) => `confirmed by ${who}`,
  ),
  by_release: say(
    (who: string) => `${who}提出解除`,
    (who) => `${who} asks for its release`,
  ),
  seconds: say(
    (who: string) => `可由这些人确认：${who}`,
    (who) => `May be confirmed by ${who}`,
  ),
  seconds_none: say(
    '没有别人可以确认：还要一位能签约商户的同事。',
    'Nobody else may confirm it: it takes another one who signs merchants on.',
  ),
  since: say('自', 'Since'),
  until: say(
    (day: string) => `到 ${day}`,
    (day) => `until ${day}`,
  ),
  kept: say('其间账上', 'By the ledger since'),
  kept_none: say('其间账上没有入账', 'By the ledger nothing came in since'),
  kept_unknown: say('交易太多，这里不计。', 'Too many transactions to count here.'),
  kept_sum: say(
    (net: string, taken: number, returned: number) =>
      `${net}（收 ${taken} 笔${returned ? `，退 ${returned} 笔` : ''}）`,
    (net, taken, returned) =>
      `${net} (${plural(taken, 'payment')} in${returned ? `, ${returned} back` : ''})`,
  ),
  kept_at: say('截至', 'as of'),
  kept_means: say(
    '按本机构的账；银行付了多少这里不知道。',
    'By our own ledger: what a bank has paid is not known here.',
  ),
  read: say('结算程序首次读到', 'First read by a program'),
  unread: say('还没有程序读到', 'No program has read it yet'),
  beside: say(
    (ids: string) => `另有暂缓：${ids}。解除这一项，其余不变。`,
    (ids) => `Also held by ${ids}: releasing this one leaves them.`,
  ),
  /** What the owner reads. */
  held: {
    terminal: say(
      (name: string) => `终端“${name}”的结算暂缓`,
      (name) => `Settlement of the terminal “${name}” is held`,
    ),
    merchant: say(
      () => '结算暂缓',
      () => 'Your settlement is held',
    ),
  },
  number: say(
    (id: string) => `编号 ${id}`,
    (id) => `number ${id}`,
  ),
  ask: say('有疑问请打：', 'To ask about it:'),
}
