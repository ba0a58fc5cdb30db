/** A terminal: its states, its locks and its page. */
import type { HoldKind, ReleasingAuthority, TerminalState } from '@/api/types'
import { plural, say, type Words } from './say'

export const state = {
  running: say('运行中', 'Running'),
  held: say('已锁定', 'Locked'),
  lost: say('已停用', 'Stopped'),
  retired: say('已退役', 'Retired'),
} satisfies Words<TerminalState>

export const silent = say(
  (ago: string) => `${ago}无联系`,
  (ago) => `Silent for ${ago}`,
)

export const never_seen = say('从未联系', 'Never seen')

export const hold = {
  cashier_lock: say('收银员锁定', 'Locked by cashier'),
  wrong_passwords: say('密码错误锁定', 'Wrong passwords'),
  bank_lock: say('银行锁定', 'Locked by bank'),
  judicial_freeze: say('司法冻结', 'Court freeze'),
  fault: say('设备故障', 'Faulty'),
  loss: say('已报失', 'Reported lost'),
  geofence: say('离开登记地点', 'Away from its place'),
  inspection_overdue: say('巡检逾期', 'Inspection overdue'),
  lease_expired: say('授权到期', 'Licence to run expired'),
  commissioning: say('换机，尚未启用', 'Replacement, not live yet'),
  unanswered: say('没人回答它在不在', 'Nobody said it is there'),
} satisfies Words<HoldKind>

export const authority = {
  operator: say(
    '收银员输入操作员号和密码即可解锁',
    'A cashier can unlock it with operator number and password',
  ),
  time: say('到时间自动解锁，也可以请收单机构处理', 'Unlocks by itself when the time is up'),
  bank: say('只有开户银行可以解锁', 'Only the bank can unlock it'),
  court: say(
    '只有法院的解除文书，或冻结期满，才能解除',
    'Only a court order, or the end of the term, lifts it',
  ),
  engineer: say('维修人员检修并测试后解除', 'An engineer lifts it after repair and a test'),
  incident: say('找回设备并经两个人确认后解除', 'Lifted when the device is found and two people confirm it'),
  placement: say('回到登记的使用地点后解除', 'Lifted when it is back at its registered place'),
  inspector: say('完成巡检后解除', 'Lifted when the inspection is done'),
  lease: say('设备联网续期后解除', 'Lifted when the device goes online and renews'),
  replacement: say('换机各步完成、启用后解除', 'Lifted when the replacement goes live'),
  question: say('在首页回答“在我这里”后解除', 'Lifted by the answer, on the first page, that it is there'),
} satisfies Words<ReleasingAuthority>

export const operator = say(
  (number: string) => `收银员 ${number}`,
  (number) => `cashier ${number}`,
)

export const terminal = {
  serial: say('序列号', 'Serial number'),
  tid: say('终端号（TID）', 'Terminal number (TID)'),
  model: say('型号', 'Model'),
  identity: say('五要素', 'Registered identity'),
  identity_lead: say('收单机构登记的终端身份', 'The five elements the acquirer keeps'),
  acquirer_code: say('收单机构代码', 'Acquirer code'),
  merchant_code: say('商户编码', 'Merchant code'),
  credit_code: say('统一社会信用代码', 'Unified social credit code'),
  settlement_account: say('结算账户', 'Settlement account'),
  placement: say('布放地址', 'Registered place'),
  state_title: say('能不能收款', 'Can it take payments?'),
  can: say('没有锁定，可以收款。', 'Yes: nothing stops it.'),
  can_silent: say(
    (length: string) => `没有锁定，但已 ${length}没有联系。`,
    (length) => `Nothing stops it, but it has been silent for ${length}.`,
  ),
  can_unseen: say('没有锁定，还从来没有联系过。', 'Nothing stops it, but it has never been heard.'),
  cannot: say('现在不能收款。', 'No, not now.'),
  retired: say('这台终端已退役。', 'This terminal is retired.'),
  standing: say('正在生效的锁定', 'Locks in force'),
  past: say(
    (count: number) => `以前的锁定（${count}）`,
    (count) => `Earlier locks (${count})`,
  ),
  placed: say(
    (by: string) => `${by} 锁定`,
    (by) => `Locked by ${by}`,
  ),
  released: say(
    (by: string) => `${by} 解除`,
    (by) => `Lifted by ${by}`,
  ),
  until: say('到', 'until'),
  cause: say(
    (cause: string) => `原因：${cause}`,
    (cause) => `Cause: ${cause}`,
  ),
  causes: {
    lock_key: say('按了终端上的锁定键', 'The terminal’s lock key was pressed'),
    console: say('在网页上锁定', 'Locked on the web page'),
    wrong_passwords: say(
      (count: string) => `密码输错 ${count} 次`,
      (count) => `${count} wrong passwords`,
    ),
  },
  lock: say('锁定这台终端', 'Lock this terminal'),
  lock_lead: say(
    '锁定后不能收款、退款。收银员输入操作员号和密码就能解锁。',
    'A locked terminal takes no payments and makes no refunds. A cashier unlocks it with operator number and password.',
  ),
  lock_operator: say('操作员号（可以不填）', 'Operator number (optional)'),
  lock_confirm: say('锁定', 'Lock'),
  unlock: say('解锁', 'Unlock'),
  unlock_lead: say(
    '输入这台终端的操作员号和密码。',
    'Enter the operator number and password of this terminal.',
  ),
  unlock_operator: say('操作员号', 'Operator number'),
  unlock_password: say('操作员密码', 'Operator password'),
  unlock_confirm: say('解锁', 'Unlock'),
  unlock_empty: say('请填写操作员号和密码。', 'Enter operator number and password.'),
  attempts_left: say(
    (count: number) => `还可以试 ${count} 次。`,
    (count) => `${plural(count, 'try', 'tries')} left.`,
  ),
  attempts_out: say(
    '密码错误次数已到上限，终端已锁定。',
    'Too many wrong passwords: the terminal is locked.',
  ),
  now: say('当前', 'Now'),
  signed_in: say('当班收银员', 'On shift'),
  nobody: say('没有人签到', 'Nobody signed in'),
  signed_in_at: say('签到时间', 'Signed in at'),
  batch: say('批次', 'Batch'),
  last_seen: say('最后联系', 'Last seen'),
  time_zone: say('时区', 'Time zone'),
  language: say('终端语言', 'Language'),
  transactions: say('最近交易', 'Recent transactions'),
  transactions_empty: say('这台终端还没有交易。', 'This terminal has no transactions yet.'),
  column: {
    time: say('时间', 'Time'),
    kind: say('类型', 'Type'),
    amount: say('金额', 'Amount'),
    card: say('卡 / 码', 'Card / code'),
    operator: say('收银员', 'Cashier'),
    decision: say('结果', 'Result'),
    reference: say('参考号', 'Reference'),
    trace: say('流水号', 'Trace'),
  },
  report: say('报失这台终端', 'Report this terminal lost'),
  see_incident: say('看这次报失', 'See this report'),
  response_code: say(
    (code: string) => `应答码 ${code}`,
    (code) => `code ${code}`,
  ),
}
