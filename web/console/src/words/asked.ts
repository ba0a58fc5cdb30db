/** A terminal that an outside acquirer decides: what was asked, what is known, what to do meanwhile. */
import type { MailState, Provider, ProviderState, Reminded, StopRequestAction, StopState } from '@/api/types'
import { plural, say, type Words } from './say'

const state: Words<StopState> = {
  requested: say('已请求停用', 'Stop requested'),
  confirmed: say('对方已确认', 'Confirmed'),
  stopped: say('已停用', 'Stopped'),
}

const mail: Words<MailState> = {
  queued: say('还没发出', 'Not sent yet'),
  sent: say('已发出', 'Sent'),
  refused: say('被退回', 'Refused'),
  unknown: say('不知道', 'Not known'),
  dropped: say('没有发', 'Not sent'),
}

const provider: Words<ProviderState> = {
  asked: say('正在请求', 'Being asked'),
  in_progress: say('还在途中', 'Under way'),
  stopped: say('已停用', 'Stopped'),
  refused: say('被拒绝', 'Refused'),
  unknown: say('不知道', 'Not known'),
}

const reminded: Words<Reminded> = {
  reporter: say('报失的人', 'who reported it'),
  shop: say('店主和店长', 'the owner and the shop’s managers'),
  house: say('店主、店长和运行本系统的人', 'the owner, the managers and whoever runs this system'),
}

const action: Words<StopRequestAction> = {
  confirm: say('他们确认了', 'They confirmed'),
  send: say('发这封信', 'Send the letter'),
  read_back: say('再问一次', 'Ask again'),
}

export const asked = {
  state,
  mail,
  provider,
  provider_name: {
    adyen: say('Adyen', 'Adyen'),
    sumup: say('SumUp', 'SumUp'),
    stripe: say('Stripe', 'Stripe'),
  } satisfies Words<Provider>,
  reminded,
  action,
  acquirer: say('收单机构', 'the acquirer'),
  outside: say('不经过本系统', 'Not seen from here'),
  unseen: say('它的交易不经过本系统，这里看不到。', 'Its transactions do not pass here: we cannot see them.'),
  title: say('已请求停用，尚未确认', 'Stop requested, not yet confirmed'),
  title_late: say('还没有确认停用', 'Still not confirmed'),
  title_confirmed: say('对方已确认停用', 'They confirmed the stop'),
  title_stopped: say(
    (who: string) => `已由 ${who} 停用`,
    (who) => `${who} has stopped it`,
  ),
  lead_before: say(
    (who: string) => `${who}确认之前，`,
    (who) => `Until ${who} confirms, `,
  ),
  lead: say('这台设备可能还能收款', 'this terminal may still take money'),
  lead_after: say('。他们的主机，我们不能替他们关。', '. We cannot switch off their host for you.'),
  fact_confirmed: say(
    (who: string, reference: string) => `${who} 确认，挂失凭证编号 ${reference}`,
    (who, reference) => `${who} said so; their reference is ${reference}`,
  ),
  fact_recorded: say(
    (who: string) => `由 ${who} 记录`,
    (who) => `written down by ${who}`,
  ),
  fact_stopped: say('停用后又查了一次，对方说已停', 'Asked again afterwards, they say it is stopped'),
  since: say(
    (length: string) => `已等 ${length}`,
    (length) => `waiting for ${length}`,
  ),
  now: say('现在 · 你做', 'Now · you'),
  call_title: say(
    (who: string) => `打给${who}，催他们停`,
    (who) => `Call ${who} and ask for the stop`,
  ),
  call_unknown: say('找到收单机构的电话，催他们停', 'Find your acquirer’s number and ask for the stop'),
  call_unknown_text: say(
    '电话一般贴在机身上，或在合同里。存进联系人，下次一点就拨。',
    'It is usually on a sticker on the terminal, or in your contract. Keep it among the contacts and next time it is one tap.',
  ),
  contact_add: say('存这个电话', 'Keep the number'),
  escalates: say(
    (time: string) => `${time} 提醒`,
    (time) => `reminder at ${time}`,
  ),
  until: say('离下一次提醒', 'Until the next reminder'),
  next_told: say(
    (who: string) => `到时还没确认，我们提醒${who}。`,
    (who) => `No confirmation by then: we remind ${who}.`,
  ),
  next_told_again: say(
    (who: string) => `到时还没确认，我们提醒${who}，书面申请再发一次。`,
    (who) => `No confirmation by then: we remind ${who}, and the written request goes out again.`,
  ),
  told: say(
    (count: number, who: string) => `已提醒 ${count} 次，上一次：${who}`,
    (count, who) => `${plural(count, 'reminder')} so far; the last one for ${who}`,
  ),
  told_names: say(
    (who: string, names: string) => `${who}（${names}）`,
    (who, names) => `${who} (${names})`,
  ),
  call: say(
    (phone: string) => `拨打 ${phone}`,
    (phone) => `Call ${phone}`,
  ),
  what: say('停了什么，还在等什么', 'What is asked for, and what is known'),
  ours: say('本系统的入口', 'Our own doors'),
  ours_text: say(
    (time: string) => `${time} 起不放行这台设备`,
    (time) => `shut to this terminal since ${time}`,
  ),
  ours_state: say('已关', 'Shut'),
  theirs: say('收款：刷卡、扫码', 'Payments, by card or code'),
  theirs_text: say(
    (who: string) => `由${who}决定`,
    (who) => `decided by ${who}`,
  ),
  unconfirmed: say('等确认', 'Unconfirmed'),
  letter: say('书面停用申请', 'Written stop request'),
  letter_to: say(
    (to: string) => `发到 ${to}`,
    (to) => `to ${to}`,
  ),
  letter_nth: say(
    (count: number) => `第 ${count} 封`,
    (count) => `no. ${count}`,
  ),
  letter_none: say('没有发出：收单机构没有邮箱。', 'Not sent: the acquirer has no address. '),
  letter_none_text: say(
    '打印或转发下面的申请，或者给联系人加上邮箱。',
    'Print or share the request below, or give the contact an address.',
  ),
  letter_not_set_up: say('没有发出：还没有设置发信。', 'Not sent: no mail server is set up. '),
  letter_not_set_up_text: say(
    '设置好以后会自动发出。现在先打电话，或打印、转发申请。',
    'It goes out by itself once one is. Call now, or print or share the request.',
  ),
  letter_text: {
    queued: say(
      '还没有送到对方的邮件服务器，会自动再试。',
      'Their mail server has not had it yet; it is tried again.',
    ),
    sent: say(
      '对方的邮件服务器收下了；有没有人看，不知道。',
      'Their mail server took it. Read by a person? Not known.',
    ),
    refused: say('对方的邮件服务器不收。', 'Their mail server would not take it.'),
    unknown: say(
      '发到一半断了，可能收到，也可能没有。不会自动重发。',
      'The connection was lost: it may have arrived. It is not sent again by itself.',
    ),
    dropped: say('这次报失已经结束。', 'The case was closed before.'),
  } satisfies Words<MailState>,
  letter_again: say('再发一次', 'Send it again'),
  letter_send: say('现在发出', 'Send it now'),
  provider_row: say(
    (who: string) => `${who} 接口`,
    (who) => `${who}’s interface`,
  ),
  provider_text: {
    asked: say('还没有回答。', 'No answer yet.'),
    in_progress: say('对方收下了，设备还没有同步。', 'They took it; the device has not heard of it yet.'),
    stopped: say('停用后又查了一次，对方说已停。', 'Asked again afterwards, they say it is stopped.'),
    refused: say('对方拒绝了，请打电话。', 'They refused: call them.'),
    unknown: say(
      '没有答复，不知道停了没有，正在再查。',
      'No answer: not known whether it is stopped. We ask again.',
    ),
  } satisfies Words<ProviderState>,
  evidence: say('停用前对方知道的', 'What they knew of it before'),
  confirm_title: say('他们确认停用了', 'They confirmed the stop'),
  confirm_lead: say(
    '只写对方说过的。写了以后，回执改为“对方已确认”。',
    'Write only what they said. The receipts then say “confirmed”.',
  ),
  confirm_reference: say('挂失凭证编号', 'Their reference for the loss'),
  confirm_reference_hint: say('他们念，你填', 'as they read it out'),
  confirm_by: say('谁说的', 'Who said so'),
  confirm_by_hint: say('工号或姓名', 'agent number or name'),
  confirm_at: say('什么时候说的', 'When they said so'),
  confirm_needed: say('请填写。', 'This is needed.'),
  confirm_at_wrong: say('请填已经过去的日期和时间。', 'A day and time that have passed.'),
  confirm_act: say('记下确认', 'Write it down'),
  look_title: say('盯一眼钱', 'Keep an eye on the money'),
  look_text: say(
    (who: string) => `${who}那边的交易我们看不到。打开他们的 App，看报失以后有没有新的。`,
    (who) => `Payments at ${who} are not visible to us. Open their app and look for any since the report.`,
  ),
  group_after: say('报失后', 'After the report'),
  fact_requested: say('请求停用', 'Stop requested'),
  fact_known: say('确认', 'Confirmed'),
  fact_reminders: say('提醒', 'Reminders'),
  fact_next: say('下一次提醒', 'Next reminder'),
  fact_none: say('没有', 'none'),
  letter_lead: say(
    '和报失一起写好，内容不会再改。发出的、打印的都是这一份。',
    'Written with the report and never changed: what is mailed and what is printed is this text.',
  ),
  letter_digest: say('校验值 SHA-256', 'SHA-256'),
  share: say('转发这封信', 'Share the letter'),
  receipts: say('回执', 'Receipts'),
  receipt_node: say(
    (node: string) => `由节点 ${node} 发出`,
    (node) => `Given by node ${node}`,
  ),
  receipt: say('本系统入口已关', 'Our own doors shut'),
  found_proposed: say('有人报告找到了，等另一个人确认', 'Reported found; somebody else must confirm'),
  found_lead: say(
    '报告找到后，等第二个人确认才结束。请自己通知收单机构恢复。',
    'Reporting it found ends nothing until a second person confirms. Tell your acquirer yourself to open it again.',
  ),
  found_undo: say(
    '怎么反悔：再报失一次，马上再请求停用。',
    'What undoes it: report the loss again, and the stop is asked for again.',
  ),
  found_closed: say('已找回', 'Found'),
  home_requested: say(
    (time: string) => `${time} 已请求停用，还没有确认`,
    (time) => `Stop requested at ${time}, not confirmed yet`,
  ),
  home_late: say(
    (length: string) => `等了 ${length} 还没有确认，请打电话催`,
    (length) => `Not confirmed for ${length}: call them`,
  ),
  home_confirmed: say('收单机构已确认', 'The acquirer confirmed it'),
  home_stopped: say('支付机构说已停用', 'The provider says that it is stopped'),
  home_said: say(
    (count: number) => `${count} 台对方已确认`,
    (count) => `${count} confirmed by them`,
  ),
  home_some: say(
    (count: number) => `${count} 台等确认停用`,
    (count) => `${count} not confirmed`,
  ),
  verdict: say(
    '这台设备由外面的收单机构决定，能不能收款我们看不到。',
    'An acquirer outside decides about it: we cannot see whether it takes payments.',
  ),
  verdict_requested: say(
    '已请求停用，还没有确认：可能还能收款。',
    'The stop is requested, not confirmed: it may still take money.',
  ),
  verdict_confirmed: say('收单机构已确认停用。', 'The acquirer has confirmed the stop.'),
  report_title: say(
    (shop: string, name: string) => `报失${shop}的“${name}”，请求停用？`,
    (shop, name) => `Report “${name}” of ${shop} and ask for its stop?`,
  ),
  will: {
    request: say(
      '书面停用申请马上写好；收单机构有邮箱、发信也设置好的，马上发出',
      'Your written request to stop it is made; it goes out at once where your acquirer has an address and a mail server is set up',
    ),
    call: say('给你收单机构的电话，和要说的话', 'You get your acquirer’s number, and the words to say'),
    clock: say(
      '对方没有确认，到时提醒你，再提醒别人',
      'As long as they do not confirm, you are reminded, and then others',
    ),
  },
  wont: {
    stop: say(
      '我们不能替收单机构停：他们确认以前，它可能还能收款',
      'We cannot stop it for your acquirer: until they confirm, it may still take money',
    ),
    others: say('店里其他设备不受影响', 'Your other terminals are not affected'),
  },
  report_act: say('报失，请求停用', 'Report it, ask for the stop'),
  report_sent: say(
    (subject: string) => `${subject}已请求停用`,
    (subject) => `The stop of ${subject} is requested`,
  ),
  report_already: say('这台设备已经报失。', 'This terminal is reported already.'),
}
