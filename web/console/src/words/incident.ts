/** One loss, from the stop to the end. */
import type { Channel, DutyKind, TimelineKind, WindowBasis } from '@/api/types'
import { plural, say, type Words } from './say'

export const incident = {
  title: say(
    (manner: string, name: string) => `${manner}：${name}`,
    (manner, name) => `${manner}: ${name}`,
  ),
  number: say('报失编号', 'Report no.'),
  stopped: say('已停用', 'Stopped'),
  stopping: say('已停用，正在等最后的回执', 'Stopped; waiting for the last receipts'),
  all_stopped: say('收款、退款、登录都已停用。', 'Payments, refunds and sign-in are all stopped.'),
  zone: say(
    (name: string, offset: string) => `时间按终端所在时区：${name}（${offset}）`,
    (name, offset) => `Times are in the terminal’s zone: ${name} (${offset})`,
  ),
  took: say('用时', 'stopped in'),
  seconds: say(
    (seconds: string) => `${seconds} 秒`,
    (seconds) => `${seconds} s`,
  ),
  accepted_before: say(
    (time: string) => `${time} 起 `,
    () => '',
  ),
  accepted: say(
    (count: number) => `${count} 笔`,
    (count) => plural(count, 'payment'),
  ),
  accepted_after: say(
    (_time: string) => '成功',
    (time) => ` accepted since ${time}`,
  ),
  accepted_bad: say(
    (count: number) => `停用后仍有 ${count} 笔成功。这不应该发生，请马上联系收单机构。`,
    (count) =>
      `${plural(count, 'payment')} went through after the stop. This must not happen: call your acquirer now.`,
  ),
  closed: say('已找回，恢复使用', 'Found, back in use'),
  fact: {
    stop: say('报失到停用', 'Report to stop'),
    approved: say('停用后成功', 'Approved since'),
    refused: say('停用后的尝试', 'Attempts since'),
    window: say('丢失时段', 'Loss window'),
    window_money: say('丢失时段的交易', 'Sales in the window'),
    times: say(
      (count: number) => `${count} 次`,
      (count) => `${count}`,
    ),
    payments: say(
      (count: number) => `${count} 笔`,
      (count) => `${count}`,
    ),
  },
  receipts: say('各渠道停用回执', 'Stopped, channel by channel'),
  receipt_done: say('已停', 'Stopped'),
  receipt_waited: say(
    (count: number) => `等 ${count} 笔在途交易结束`,
    (count) => `waited for ${plural(count, 'payment')} in flight`,
  ),
  receipt_expelled: say(
    (count: number) => `${count} 个节点失去联系，已等到它们无法再放行`,
    (count) => `waited out ${plural(count, 'node')} out of touch`,
  ),
  receipt_node: say(
    (node: string) => `由节点 ${node} 停用`,
    (node) => `Stopped at node ${node}`,
  ),
  channel: {
    card_authorisation: say('刷卡、云闪付', 'Card payments'),
    sign_in: say('设备签到、密钥', 'Sign-in, keys'),
    refund_and_void: say('退款、撤销', 'Refunds, voids'),
    reversal_and_settlement: say('冲正、结算', 'Reversals, settlement'),
    cashier_unlock: say('收银员解锁', 'Cashier unlock'),
    console_and_api: say('控制台、接口', 'Console, API'),
  } satisfies Words<Channel>,
  alarm_text: say(
    (attempts: string) => `停用后有 ${attempts}，没有一笔成功。`,
    (attempts) => `Since the stop: ${attempts}. Nothing went through.`,
  ),
  alarm_acknowledge: say('知道了', 'Acknowledge'),
  attempts_title: say('停用后的尝试', 'Attempts since the stop'),
  attempts_none: say(
    '停用后没有收到它的请求。一有动静，这里马上显示。',
    'Nothing has come from it since the stop. If something does, it shows here at once.',
  ),
  attempts_none_before: say('停用期间没有收到它的请求。', 'Nothing came from it while it was stopped.'),
  attempt_said: say(
    (what: string, outcome: string) => `有人试用：${what}，${outcome}`,
    (what, outcome) => `${what}: ${outcome.toLowerCase()}`,
  ),
  attempts_count: say(
    (attempts: string) => `停用后有 ${attempts}`,
    (attempts) => `Since the stop: ${attempts}`,
  ),
  attempt_refused: say('已拒绝', 'Refused'),
  attempt_recorded: say('已记录', 'Recorded'),
  attempts_all: say(
    (count: number) => `全部 ${count} 次`,
    (count) => `All ${count}`,
  ),
  from_peer: say(
    (peer: string) => `来自 ${peer}`,
    (peer) => `from ${peer}`,
  ),
  timeline: say('经过', 'What happened, live'),
  timeline_kind: {
    reported: say('报失', 'Loss reported'),
    suspended: say('停用', 'Stopped'),
    receipt: say('渠道已停', 'Channel stopped'),
    attempt_refused: say('被拒', 'Refused'),
    attempt_recorded: say('已记录', 'Recorded'),
    host_reversal: say('主机冲正', 'Reversed at the host'),
    alarm: say('告警', 'Alarm'),
    alarm_acknowledged: say('告警已确认', 'Alarm acknowledged'),
    found_proposed: say('报告找回', 'Reported found'),
    closed: say('已结束', 'Closed'),
  } satisfies Words<TimelineKind>,
  timeline_empty: say('还没有记录。', 'Nothing yet.'),
  by: say(
    (who: string) => `由 ${who}`,
    (who) => `by ${who}`,
  ),
  live: say('已连接', 'Connected'),
  connecting: say('正在连接…', 'Connecting…'),
  not_live: say('没有连接，正在重连', 'Not connected, trying again'),
  offline: say('你的手机没有网络', 'You are offline'),
  older: say('更早的记录', 'Older entries'),
  chart: say('丢失前后的交易', 'Payments around the loss'),
  chart_legend_bar: say(
    (minutes: number) => `柱：每 ${minutes} 分钟成功笔数`,
    (minutes) => `Bars: approved per ${minutes} min`,
  ),
  chart_legend_window: say('丢失时段内', 'in the loss window'),
  chart_legend_refused: say('被拒', 'refused'),
  chart_window: say(
    (length: string) => `丢失时段 ${length}`,
    (length) => `Loss window ${length}`,
  ),
  chart_stop: say(
    (time: string) => `${time} 停用`,
    (time) => `Stopped ${time}`,
  ),
  chart_text: say(
    (
      from: string,
      to: string,
      sales: number,
      windowFrom: string,
      windowTo: string,
      inWindow: number,
      refused: number,
    ) =>
      `${from} 到 ${to} 的交易图：丢失前成功 ${sales} 笔；${windowFrom} 到 ${windowTo} 为丢失时段，有 ${inWindow} 笔；停用后 ${refused} 次尝试被拒绝。`,
    (from, to, sales, windowFrom, windowTo, inWindow, refused) =>
      `Payments from ${from} to ${to}: ${sales} approved before the loss; the loss window from ${windowFrom} to ${windowTo} has ${inWindow}; after the stop ${plural(refused, 'attempt was', 'attempts were')} refused.`,
  ),
  chart_table: say('用表格看', 'Show as table'),
  chart_picture: say('用图看', 'Show as chart'),
  chart_empty: say('这段时间没有交易。', 'No payments in this time.'),
  chart_column: {
    time: say('时间', 'Time'),
    approved: say('成功', 'Approved'),
    amount: say('成功金额', 'Amount approved'),
    refused: say('被拒', 'Refused'),
  },
  transactions: say('核查交易', 'Check the payments'),
  transactions_lead: say(
    (count: number, amount: string) => `丢失时段 ${count} 笔，${amount}`,
    (count, amount) => `${count} in the loss window, ${amount}`,
  ),
  transactions_hint: say(
    '逐笔看一看：哪些不是你的店员做的？',
    'Go through them: which were not made by your staff?',
  ),
  group_after: say('停用后', 'After the stop'),
  group_window: say('丢失时段', 'Loss window'),
  group_before: say('丢失前 2 小时', '2 hours before the loss'),
  group_empty: say('没有交易', 'No payments'),
  group_count: say(
    (count: number, more: boolean) => (more ? `最近 ${count} 笔，还有更多` : `${count} 笔`),
    (count, more) => (more ? `latest ${count}, more to see` : `${count}`),
  ),
  group_more: say('再看一些', 'Show more'),
  print_cut: say(
    (shown: number) => `只列出最近 ${shown} 笔，还有更多。`,
    (shown) => `Only the latest ${shown} are listed; there are more.`,
  ),
  proof_line: say(
    (word: string, means: string) => `${word}：${means}。`,
    (word, means) => `${word}: ${means}.`,
  ),
  basis: {
    last_trusted_transaction: say('从最后一笔可信交易算起', 'From the last payment we can trust'),
    reported_last_seen: say('从报告的最后看到时间算起', 'From the time it was last seen, as reported'),
    reported_only: say('只知道报失时间', 'Only the time of the report is known'),
  } satisfies Words<WindowBasis>,
  report: say('报失内容', 'What was reported'),
  reported_by: say('报失人', 'Reported by'),
  reported_at: say('报失时间', 'Reported at'),
  last_seen: say('最后看到', 'Last seen'),
  place: say('地点', 'Where'),
  manner: say('情况', 'What happened'),
  circumstances: say('说明', 'In their words'),
  not_told: say('没有填写', 'Not given'),
  next: say('接下来', 'What comes next'),
  next_first: say(
    (first: number, of: number) => `下一步 · ${first} / ${of}`,
    (first, of) => `Next · ${first} of ${of}`,
  ),
  next_more: say(
    (count: number) => `还有 ${count} 件事`,
    (count) => `${count} more to do`,
  ),
  next_none: say('没有待办的事。', 'Nothing left to do.'),
  due_now: say('现在就做', 'Now'),
  due_left: say(
    (left: string) => `剩 ${left}`,
    (left) => `${left} left`,
  ),
  due_late: say(
    (late: string) => `已超 ${late}`,
    (late) => `${late} late`,
  ),
  whose: {
    shop: say('店里做', 'The shop'),
    acquirer: say('收单机构做', 'The acquirer'),
  },
  duty: {
    police_report: say('去报警，拿受案回执', 'Go to the police and get a receipt'),
    check_transactions: say('核查丢失前后的交易', 'Check the payments around the loss'),
    acquirer_deregister: say('报送终端注销', 'Deregister the terminal'),
    exposure_assessment: say('判断客户信息有没有泄露', 'Judge whether customer data leaked'),
    replacement: say('换一台新设备', 'Get a new terminal'),
  } satisfies Words<DutyKind>,
  duty_text: {
    police_report: say(
      '带上情况说明：设备、地点、时间、可疑交易都已写好，盖章即可。',
      'Take the statement with you: device, place, time and doubtful payments are filled in. Stamp it and go.',
    ),
    check_transactions: say(
      '看一遍丢失时段的交易，找出不是店里做的。',
      'Go through the payments in the loss window and find those your shop did not make.',
    ),
    acquirer_deregister: say(
      '终端关闭后，收单机构要向清算机构报送注销。书面停用申请在下面。',
      'After the stop the acquirer reports the terminal as closed to the clearing house. The written request is below.',
    ),
    exposure_assessment: say(
      '设备里存有哪些客户信息，需不需要告知客户。',
      'What customer data the device held, and whether customers must be told.',
    ),
    replacement: say(
      '联系收单机构补办。旧设备的密钥作废后，新设备才会启用。',
      'Ask your acquirer. The new one goes live only after the old one’s keys are dead.',
    ),
  } satisfies Words<DutyKind>,
  duty_act: {
    police_report: say('打印情况说明', 'Print the statement'),
    check_transactions: say('看这些交易', 'See the payments'),
    acquirer_deregister: say('看停用申请', 'See the request'),
  },
  stop_request: say('书面停用申请', 'Written stop request'),
  stop_request_number: say('编号', 'Number'),
  stop_request_rule: say('依据', 'Rule'),
  stop_request_by: say('申请人', 'Requested by'),
  stop_request_at: say('申请时间', 'Requested at'),
  stop_request_lead: say(
    '随报失一起生成，收单机构在系统里看得到。需要纸质件时可以打印。',
    'Made with the report; the acquirer sees it here. Print it if you need paper.',
  ),
  stop_request_read: say('看全文', 'Read it'),
  print_request: say('打印申请', 'Print the request'),
  print_statement: say('终端丢失情况说明', 'Statement of the loss of a terminal'),
  print_shop_stamp: say('商户（签字、盖章）', 'Merchant (signature, stamp)'),
  print_acquirer_stamp: say('收单机构（签字、盖章）', 'Acquirer (signature, stamp)'),
  print_date: say('日期', 'Date'),
  terminal_link: say('看这台终端', 'See the terminal'),
}
