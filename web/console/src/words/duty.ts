/** What must follow a loss: duties, their clocks, and how a case ends. */
import type { DutyAction, DutyMoment, DutyState } from '@/api/types'
import { plural, say, type Said, type Words } from './say'

const action: Words<DutyAction> = {
  done: say('办好了', 'It is done'),
  not_needed: say('不需要办', 'Not needed'),
  propose_not_needed: say('不需要办', 'Not needed'),
  confirm_not_needed: say('同意，不需要办', 'Agree: not needed'),
  hand_over: say('交给别人', 'Hand it over'),
  extend: say('延期', 'More time'),
  reopen: say('还是要办', 'To be done after all'),
}

const state: Words<DutyState> = {
  open: say('待办', 'To do'),
  not_needed_proposed: say('有人说不需要，等第二个人', 'Said not to be needed, waits for a second person'),
  done: say('已办', 'Done'),
  not_needed: say('不需要办', 'Not needed'),
}

const from: Words<DutyMoment> = {
  occurred: say('从发生算起', 'from when it happened'),
  noticed: say('从报失算起', 'from the report'),
  confirmed: say('从确认算起', 'from when it was confirmed'),
  aware: say('从知悉算起', 'from when it became known'),
  stop: say('从停用算起', 'from the stop'),
  police_accepted: say('从受案算起', 'from the receipt of the police'),
  police_refused: say('从不予立案算起', 'from the refusal of the police'),
  bound: say('从绑定新终端算起', 'from when the new terminal was bound'),
  found: say('从报告找到算起', 'from when it was reported found'),
}

/** Of a duty that this page knows more about than its title. */
const text: Record<string, Said<string>> = {
  police_report: say(
    '带上情况说明：设备、地点、时间、可疑交易都已写好，盖章即可。',
    'Take the statement with you: device, place, time and doubtful payments are filled in. Stamp it and go.',
  ),
  police_decision: say(
    '受案后一般 3 天内决定，复杂的 7 天，重大疑难的 30 天。打电话问，把结果记在“公安机关”里。',
    'After the receipt they usually decide within 3 days, in complex cases 7, in grave ones 30. Call them, and write the answer down under “The police”.',
  ),
  police_review: say(
    '收到不予立案通知书后 7 天内可以申请复议。不申请，就写下为什么不需要。',
    'A review can be asked for within 7 days of the notice. If none is wanted, say why there is no need.',
  ),
  camera_footage: say(
    '多数录像机只存几天到一个月。导出丢失时段的片段，写下文件名和存放处。',
    'Most recorders keep days to a month. Export the clip of the loss window; note the file’s name and where it is.',
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
  keep_as_it_is: say(
    '它是证据。通着电就让它通着，断了电就别再开；照片和状态写下来，等警方或收单机构来取。',
    'It is evidence. If it has power leave it on; if it has none do not start it. Write its state down and wait for the police or the acquirer.',
  ),
  acquirer_notice: say(
    '卡组织对可能泄露的账户有自己的处理程序，由收单机构通知。',
    'The card brands have processes of their own for accounts that may be compromised; the acquirer tells them.',
  ),
  leak_notice: say(
    '先写下什么时候知道的。不需要通知的，要两个人写明理由。',
    'First say when it became known. Where nobody has to be told, two people say why.',
  ),
  found_inspection: say(
    '在“找到了”里按清单检查，通过后自动记为已办。',
    'Inspect it by the list under “Found”: it is done once it has passed.',
  ),
  found_keys: say(
    '换上新的密钥后自动记为已办；旧密钥不算。',
    'It is done once its keys are new; the old ones do not count.',
  ),
  replacement_notice: say(
    '新终端的序列号、商户、信用代码、结算账户和布放地址，要报送清算机构。',
    'The clearing house is told the new terminal’s serial number, merchant, credit code, settlement account and place.',
  ),
}

/** What this page offers to do about it. */
const act: Record<string, Said<string>> = {
  replacement: say('去换机', 'Replace it'),
  found_inspection: say('去验机', 'Inspect it'),
  found_keys: say('看怎么换', 'See how'),
  police_report: say('打印情况说明', 'Print the statement'),
  police_decision: say('记下公安的答复', 'Write down what they said'),
  police_review: say('记下公安的答复', 'Write down what they said'),
  check_transactions: say('看这些交易', 'See the payments'),
  acquirer_deregister: say('看停用申请', 'See the request'),
}

export const duty = {
  next: say('接下来', 'What comes next'),
  first: say(
    (first: number, of: number) => `下一步 · ${first} / ${of}`,
    (first, of) => `Next · ${first} of ${of}`,
  ),
  more: say(
    (count: number) => `还有 ${count} 件事`,
    (count) => `${count} more to do`,
  ),
  none: say('没有待办的事。', 'Nothing left to do.'),
  soon: say('正在列出要办的事…', 'Listing what must follow…'),
  at_once: say('立即', 'At once'),
  left: say(
    (left: string) => `剩 ${left}`,
    (left) => `${left} left`,
  ),
  late: say(
    (late: string) => `已超 ${late}`,
    (late) => `${late} late`,
  ),
  waits: say('还没开始计时', 'Its term has not begun'),
  provisional: say(
    '跨年，明年的放假安排还没有公布，按普通周末暂算',
    'It reaches into a year whose holidays are not announced: counted by ordinary weekends for now',
  ),
  second_hand: say('依据来自转载，请自行核对原文', 'The rule was read in a reprint: check its text'),
  target: say('没有法定期限，这是建议时间', 'No law gives this limit: it is a target'),
  whose: {
    shop: say('店里做', 'The shop'),
    acquirer: say('收单机构做', 'The acquirer'),
  },
  from,
  state,
  moment: {
    occurred: say('什么时候发生的', 'When it happened'),
    noticed: say('什么时候发现的', 'When it was noticed'),
    confirmed: say('什么时候确认的', 'When it was confirmed'),
    aware: say('什么时候知道的', 'When it became known'),
    stop: say('什么时候停用的', 'When it was stopped'),
    police_accepted: say('什么时候受案的', 'When the police gave a receipt'),
    police_refused: say('什么时候不予立案的', 'When the police opened no case'),
    bound: say('什么时候绑定新终端的', 'When the new terminal was bound'),
    found: say('什么时候报告找到的', 'When it was reported found'),
  } satisfies Words<DutyMoment>,
  say_moment: say('写下时间，开始计时', 'Say when: its term begins'),
  zone: say(
    (zone: string) => `按终端所在地的时间（${zone}）`,
    (zone) => `By the terminal’s clock (${zone})`,
  ),
  extended: say('已延期', 'Given more time'),
  after: say(
    (titles: string) => `在“${titles}”之后`,
    (titles) => `After: ${titles}`,
  ),
  action,
  text,
  act,
  see: say('办理', 'Deal with it'),
  assigned: say(
    (who: string) => `已交给 ${who}`,
    (who) => `Given to ${who}`,
  ),
  reference: say('对方给的编号', 'The number they gave'),
  reference_hint: say('回执、受理单、工单或新终端的编号', 'Of the receipt, the ticket, or the new device'),
  statement: say('怎么办的，结果如何', 'What was done, and with what result'),
  done_at: say('什么时候办的', 'When it was done'),
  ground: say('为什么不需要', 'Why is there no need'),
  ground_hint: say(
    '会记入案卷，收单机构和审计看得到。',
    'It is kept with the case; the acquirer and auditors see it.',
  ),
  two_people: say(
    '法律上要两个人认定：另一个人还要同意。',
    'The law wants two people: another one has to agree.',
  ),
  why: say('为什么', 'Why'),
  to: say('交给谁（登录名）', 'To whom (log-in)'),
  until: say('延到什么时候', 'Until when'),
  needed: say('这一项要填。', 'This is needed.'),
  by: say(
    (who: string) => `${who} 记录`,
    (who) => `Written down by ${who}`,
  ),
  agreed: say(
    (who: string) => `${who} 同意`,
    (who) => `${who} agreed`,
  ),
  ended: say('办过的事', 'What was done'),
  ended_count: say(
    (count: number, of: number) => `${count} / ${of}`,
    (count, of) => `${count} of ${of}`,
  ),
  ended_none: say('还没有办完的。', 'Nothing is done yet.'),
  close_title: say('结束这件事', 'Close the case'),
  close_lead: say(
    '没有找到，但该办的都办了，就可以结束。这台终端永远停用；以后它再出现，照样拒绝、照样记下。',
    'If it was not found and everything that must follow is done, the case can be closed. The terminal stays stopped for good; should it turn up again, it is refused and written down as now.',
  ),
  close_blocked: say(
    (count: number) => `还差 ${count} 件，办完才能结束：`,
    (count) => `${plural(count, 'thing')} left to do before it can be closed:`,
  ),
  close_who: say('由店主或收单机构风控结束。', 'The owner or the acquirer’s risk officer closes it.'),
  close_statement: say('结果怎样', 'How it ended'),
  close: say('结束', 'Close the case'),
  closed_by: say(
    (who: string) => `${who} 结束`,
    (who) => `Closed by ${who}`,
  ),
  reopen: say('重新打开', 'Open it again'),
}
