/** Reporting a loss. */
import type { Manner } from '@/api/types'
import { plural, say, type Words } from './say'

export const manner = {
  stolen: say('被盗', 'Stolen'),
  lost: say('遗失', 'Lost'),
  unsure: say('丢失（原因不明）', 'Missing, cause unknown'),
  tampered: say('疑似被改装', 'Suspected tampering'),
} satisfies Words<Manner>

export const report = {
  choose_title: say('哪一台不见了？', 'Which one is missing?'),
  choose_lead: say('最久没有联系的排在最前面。', 'The one silent the longest comes first.'),
  choose_lead_desk: say('可以按名称、序列号或 TID 查找。', 'Search by name, serial number or TID.'),
  search: say('设备名、序列号或 TID', 'Name, serial number or TID'),
  already_link: say('看这次报失', 'See this report'),
  no_match: say('没有找到这台设备。', 'No such terminal.'),
  no_match_hint: say(
    '试试序列号（SN）或 TID 的后几位，机身背面和小票上都有。',
    'Try the last digits of the serial number (SN) or TID, printed on the back and on receipts.',
  ),
  empty_title: say('没有可以报失的设备', 'No terminal to report'),
  empty_text: say(
    '这个账号名下没有登记的设备。如果设备确实丢了，请马上打电话给收单机构。',
    'This account has no terminals. If one is really missing, call your acquirer now.',
  ),
  confirm_title: say(
    (shop: string, name: string) => `停用${shop}的“${name}”？`,
    (shop, name) => `Stop “${name}” of ${shop}?`,
  ),
  optional: say('问题都可以不答，直接报失也行。', 'No answer is needed: you can report it at once.'),
  last_seen: say('最后一次看到它，是什么时候？', 'When did you last see it?'),
  seen: {
    now: say('刚才', 'Just now'),
    half_hour: say('半小时前', 'Half an hour ago'),
    today: say('今天早些', 'Earlier today'),
    unsure: say('说不清', 'Not sure'),
  },
  seen_at: say('大约几点？（可以不填）', 'About what time? (optional)'),
  time_in_future: say('不能晚于现在。', 'This cannot be later than now.'),
  manner: say('出了什么事？', 'What happened?'),
  manners: {
    stolen: manner.stolen,
    lost: manner.lost,
    unsure: manner.unsure,
    tampered: say('机器还在，但疑似被动过手脚', 'It is here, but looks altered'),
  } satisfies Words<Manner>,
  tampered_hint: say(
    '别再用它收款，别拆，也不要拔电源；报告后会列出该做的事。',
    'Do not use or open it, and leave its power as it is. What to do is listed once it is reported.',
  ),
  payments: say('最近几笔收款，是你们收的吗？', 'Were these last payments taken by you?'),
  payments_hint: say(
    '不是你们收的，就从那一笔开始核查。',
    'If one was not yours, the check starts from there.',
  ),
  ours: say('是', 'Yes'),
  not_ours: say('不是', 'No'),
  ours_unsure: say('说不清', 'Not sure'),
  place: say('最后看到的地点', 'Where you last saw it'),
  place_hint: say('例如：收银台', 'For example: at the till'),
  place_usual: say(
    (place: string) => `平时放的地方：${place}`,
    (place) => `Its usual place: ${place}`,
  ),
  words: say('经过', 'What you know'),
  words_hint: say('例如：谁在场、有没有监控', 'Who was there, is there a camera…'),
  told_today: say(
    '今天早些时候还看到过，几点记不清。',
    'It was seen earlier today; the time is not remembered.',
  ),
  told_not_ours: say(
    (payments: string) => `这些收款不是店里收的：${payments}。`,
    (payments) => `These payments were not taken by the shop: ${payments}.`,
  ),
  told_unsure: say(
    (payments: string) => `这些收款说不清是不是店里收的：${payments}。`,
    (payments) => `The shop cannot say whether it took these payments: ${payments}.`,
  ),
  between: say('；', '; '),
  will_title: say('按下后马上发生', 'What happens at once'),
  will: {
    device: say(
      '这台设备不能再收款、退款、登录，关机或没有网络也一样',
      'This terminal can no longer take payments, refund or sign in, even switched off or offline',
    ),
    attempts: say(
      '之后有人试用，都会被拒绝，并留作证据',
      'Every later attempt is refused and kept as evidence',
    ),
    request: say(
      '你的书面停用申请同时生成，收单机构看得到',
      'Your written request to stop it is made; your acquirer sees it',
    ),
    next: say(
      '告诉你接下来做什么：报警、查交易、换新机',
      'We list what to do next: the police, checking payments, a new terminal',
    ),
  },
  wont_title: say('不会发生', 'What does not happen'),
  wont: {
    others: say('店里其他设备不受影响', 'Your other terminals are not affected'),
    money: say('已经到账的钱不会被动', 'Money already paid to you is not touched'),
    undo: say(
      '不是不能挽回：找到了，两个人确认就能恢复',
      'It is not for ever: if found, two people can bring it back',
    ),
  },
  confirm: say('确认停用', 'Stop this terminal'),
  sending: say('正在发送，还没有收到停用的回执', 'Sending; no confirmation of the stop yet'),
  offline: say('你的手机没有网络，报失还没有发出', 'Your phone is offline: the report has not been sent'),
  offline_text: say(
    '设备还没有停用。报失已存在这台手机上，一有网络就自动发出。',
    'The terminal is not stopped. The report is kept on this phone and goes out as soon as there is a network.',
  ),
  unsent: say('服务器太忙，还没有停用，正在重发', 'The server is busy: not stopped yet, sending again'),
  unsent_text: say(
    '报失已存在这台手机上，会自动重发。',
    'The report is kept on this phone and sent again by itself.',
  ),
  unclear: say(
    '没收到回复，还不能确定是否停用，正在重发',
    'No answer: we cannot tell yet whether it is stopped. Sending again',
  ),
  unclear_text: say(
    '报失可能已经送到。用同一个编号自动重发，只算一次。',
    'The report may have arrived. It is sent again under the same number and counts only once.',
  ),
  urgent: say('着急的话，换个网络，或打电话：', 'If it is urgent, try another network or call:'),
  unkept: say(
    '这台手机不允许保存，请不要关闭这个页面。',
    'This phone does not let us keep it: please leave this page open.',
  ),
  attempts: say(
    (count: number) => `已试 ${count} 次`,
    (count) => `tried ${plural(count, 'time')}`,
  ),
  retry_now: say('现在重发', 'Send now'),
  discard: say('不报了', 'Do not report'),
  discard_sure: say(
    '不报了？如果刚才已经送到，设备仍会停用。',
    'Do not report? If it already arrived, the terminal will be stopped all the same.',
  ),
  refused: say(
    '服务器没有接受这份报失，设备没有因此停用',
    'The server did not accept the report: it did not stop the terminal',
  ),
  sign_in_again: say(
    '登录已过期，登录后自动发出',
    'You were signed out. It is sent as soon as you sign in again',
  ),
  sign_in_unclear: say(
    '登录已过期，还不能确定是否停用，登录后自动重发',
    'You were signed out, and we cannot tell whether it is stopped. It is sent again when you sign in',
  ),
  subject: say(
    (shop: string, name: string) => `${shop}的“${name}”`,
    (shop, name) => `“${name}” of ${shop}`,
  ),
  sent: say(
    (subject: string) => `${subject}已停用`,
    (subject) => `${subject} is stopped`,
  ),
  see: say('查看', 'See it'),
  auditor: say('这个账号不能报失。', 'This account cannot report a loss.'),
  already_lost: say('这台设备已经停用。', 'This terminal is already stopped.'),
  retired: say('这台设备已退役，不在使用中。', 'This terminal is retired and not in use.'),
}
