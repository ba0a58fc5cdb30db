/** Letters of an incident to banks and payment institutions. */
import type { LetterAction, LetterKind, LetterState, MailState } from '@/api/types'
import { plural, say, type Words } from './say'

export const letter = {
  title: say('函件', 'Letters'),
  lead: say(
    '向收单机构、银行或支付机构书面查询、请求暂缓结算或保护。每封有编号，发出后不再改动。',
    'Ask an acquirer, a bank or a payment institution in writing: what is known, to hold settlement, to protect cards. Each has a number, and never changes once it is sent.',
  ),
  empty: say('还没有函件。', 'No letter yet.'),
  none: say('没有写过函件。', 'No letter was written.'),
  kind: {
    inquiry: say('查询函', 'Inquiry'),
    settlement_hold: say('暂缓结算函', 'Hold settlement'),
    protection: say('保护请求函', 'Protect cards and payers'),
  } satisfies Words<LetterKind>,
  means: {
    inquiry: say(
      '问清所列交易的状态、钱去了哪里、终端的通信记录。',
      'Asks how the payments listed stand, where the money went, and from where the terminal was heard.',
    ),
    settlement_hold: say(
      '请收单机构暂缓结算。是否暂缓由对方决定。',
      'Asks the acquirer to hold settlement. Whether it does is theirs to decide.',
    ),
    protection: say(
      '请对方关注或限制所列交易涉及的卡和付款人。',
      'Asks to watch or block the cards and payers of the payments listed.',
    ),
  } satisfies Words<LetterKind>,
  state: {
    draft: say('草稿', 'Draft'),
    sending: say('等待寄出', 'To be mailed'),
    sent: say('已发出', 'Sent'),
    answered: say('已答复', 'Answered'),
    withdrawn: say('已撤回', 'Taken back'),
  } satisfies Words<LetterState>,
  overdue: say('逾期未答复', 'No answer in time'),
  unknown: say('不知是否寄到', 'Not known whether it arrived'),
  action: {
    change: say('修改', 'Change'),
    mail: say('用邮件寄出', 'Send by mail'),
    hand_over: say('已交给对方', 'It was handed over'),
    answer: say('记下答复', 'Write down the answer'),
    withdraw: say('撤回', 'Take back'),
  } satisfies Words<LetterAction>,
  write: say('写函件', 'Write a letter'),
  save: say('存为草稿', 'Save as a draft'),
  save_hint: say('现在还不会发给任何人。', 'It goes to nobody yet.'),
  save_change: say('保存修改', 'Save the change'),
  change_hint: say(
    'PDF 会重新生成；答复期限从今天算起。',
    'The PDF is made anew; the days for an answer are counted from today.',
  ),
  to: say('发给谁', 'To whom'),
  to_other: say('其他机构', 'Somebody else'),
  name: say('机构名称', 'Name of the institution'),
  email: say('邮箱（没有就当面交或邮寄）', 'Mail address (without one it is handed over or posted)'),
  no_email: say('没有邮箱', 'no mail address'),
  questions: say('请对方办理、答复的事项', 'What it asks'),
  due: say('几天内答复', 'Days for an answer'),
  due_hint: say('从今天起算，1 到 60 天', 'From today, 1 to 60'),
  more: say('语言、补充的问题', 'Language, another question'),
  own_question: say('补充的问题', 'A question of your own'),
  language: say('函件语言', 'Language of the letter'),
  payments: say(
    (count: number) => `附上 ${count} 笔标为“不是店里的”或“不确定”的交易。`,
    (count) => `It lists the ${plural(count, 'payment')} marked as not the shop’s, or as not sure.`,
  ),
  payments_none: say(
    '还没有交易被标为“不是店里的”或“不确定”，函件里不会列出交易。',
    'No payment is marked as not the shop’s, or as not sure: the letter will list none.',
  ),
  payments_needed: say(
    '先核对交易，标出不是店里的，才能写保护请求函。',
    'Check the payments first, and mark those that are not the shop’s: then a request to protect can be written.',
  ),
  about: say(
    (count: number) => `${count} 笔交易`,
    (count) => plural(count, 'payment'),
  ),
  until: say(
    (day: string) => `请在 ${day} 前答复`,
    (day) => `Answer asked for by ${day}`,
  ),
  open: say('打开 PDF', 'Open the PDF'),
  by_mail: say(
    (to: string) => `将寄到 ${to}，附 PDF。寄出后不能改动，也不能收回。`,
    (to) => `It goes to ${to}, with the PDF. After that it can be neither changed nor called back.`,
  ),
  mails_not: say(
    '还没有设置发信，只能打印后交给对方。',
    'No mail server is set up: print it and hand it over.',
  ),
  sent_mail: say('对方的邮件服务器已收下', 'A mail server took it'),
  sent_hand: say('已交给对方', 'Handed over'),
  mail: {
    queued: say('等待寄出', 'Waits to be mailed'),
    sent: say(
      '邮件服务器已收下，是否有人读到还不知道',
      'A mail server took it; whether anybody reads it is not known',
    ),
    refused: say('邮件服务器没有收下', 'The mail server did not take it'),
    unknown: say(
      '寄信时断线，不知是否寄到。请先问对方，再决定是否重寄。',
      'The connection was lost: nobody knows whether it arrived. Ask them before it is mailed again.',
    ),
    dropped: say('没有寄出', 'Not mailed'),
  } satisfies Words<MailState>,
  when: say('何时交给对方', 'When it was handed over'),
  when_hint: say(
    (zone: string) => `按终端所在地的时间（${zone}）；不填就是现在`,
    (zone) => `By the terminal’s clock (${zone}); now, if left open`,
  ),
  reference: say('对方的编号（有就填）', 'Their number, if any'),
  text: say('对方怎么说', 'What they say'),
  text_or_file: say('写下内容，或附上文件', 'Say it, or add a file'),
  file: say('答复的文件', 'The file with the answer'),
  file_hint: say('可以不附。', 'Optional.'),
  ground: say('为什么撤回', 'Why it is taken back'),
  ground_hint: say('已经收到的人不会收到通知。', 'Whoever has it is told nothing.'),
  ground_maybe: say('为什么撤回（可不填）', 'Why it is taken back, if you like'),
  answered: say('答复', 'Answer'),
  asks: say(
    (count: number) => `${count} 个事项`,
    (count) => plural(count, 'question'),
  ),
  digest: say('PDF 校验值 SHA-256', 'SHA-256 of the PDF'),
  late: say(
    (count: number) => `${count} 封函件逾期未答复`,
    (count) => `${plural(count, 'letter')} without an answer in time`,
  ),
  numbered: say(
    (number: string) => `函件 ${number}`,
    (number) => `Letter ${number}`,
  ),
  forgotten: say('内容已按期删除', 'Deleted when its time was over'),
  /** What the time line says of them. */
  told: {
    letter_written: say('写函件', 'Letter written'),
    letter_changed: say('修改函件草稿', 'Letter changed'),
    letter_mail_asked: say('函件等待寄出', 'Letter to be mailed'),
    letter_mailed: say('函件已寄出，对方邮件服务器收下', 'Letter mailed: their server took it'),
    letter_not_mailed: say('函件被邮件服务器退回', 'Letter refused by the mail server'),
    letter_mail_unknown: say('函件不知是否寄到', 'Not known whether the letter arrived'),
    letter_handed_over: say('函件已交给对方', 'Letter handed over'),
    letter_answered: say('函件已答复', 'Letter answered'),
    letter_withdrawn: say('函件已撤回', 'Letter taken back'),
  },
}
