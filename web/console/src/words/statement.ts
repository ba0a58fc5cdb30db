/** Files of transactions that a shop downloaded, and the payments in them. */
import type { PaymentMethod, PaymentState, StatementKind } from '@/api/types'
import { plural, say, type Words } from './say'

const kind: Words<StatementKind> = {
  'wechat-trade': say('微信支付交易账单', 'WeChat Pay, transactions'),
  'wechat-fundflow': say('微信支付资金账单', 'WeChat Pay, funds'),
  'wechat-no-bill': say('微信支付：当天没有账单', 'WeChat Pay: nothing on that day'),
  'alipay-detail': say('支付宝业务明细', 'Alipay, transactions'),
  'alipay-account': say('支付宝账务明细', 'Alipay, account'),
  'chinaums-mx': say('银联商务对账数据', 'UnionPay Merchant Services'),
  'chinaums-wide': say('银联商务对账数据', 'UnionPay Merchant Services'),
  'chinaums-narrow': say('银联商务对账数据', 'UnionPay Merchant Services'),
  'unionpay-portal': say('银联商户平台', 'UnionPay’s portal'),
  'allinpay-detail': say('通联支付交易明细', 'Allinpay'),
  'square-transactions': say('Square 交易', 'Square'),
  'stripe-payments': say('Stripe 付款', 'Stripe'),
  'sumup-transactions': say('SumUp 交易', 'SumUp'),
  'adyen-payments': say('Adyen 付款', 'Adyen'),
  'mapped': say('按列对应读取', 'Read by a mapping'),
}

const state: Words<PaymentState> = {
  approved: say('成功', 'Approved'),
  refunded: say('已退款', 'Refunded'),
  reversed: say('已撤销', 'Undone'),
  pending: say('退款处理中', 'Refund pending'),
  failed: say('失败', 'Failed'),
  unknown: say('不清楚', 'Not known'),
}

const method: Words<PaymentMethod> = {
  wechat: say('微信', 'WeChat'),
  alipay: say('支付宝', 'Alipay'),
  unionpay_qr: say('云闪付', 'UnionPay QR'),
  card: say('刷卡', 'Card'),
  cash: say('现金', 'Cash'),
  mixed: say('混合支付', 'Mixed'),
  other: say('其他', 'Other'),
}

export const statement = {
  kind,
  state,
  method,
  title: say('账单里的交易', 'Payments in statements'),
  lead: say(
    '从收单机构或支付宝、微信商户平台下载账单，放到这里，就能看到丢失前后的每一笔。只存交易记录，不存文件本身。',
    'Download the statement from your acquirer or wallet and bring it here to see each payment around the loss. What its rows say is kept, the file is not.',
  ),
  payments: say(
    (count: number) => `${count} 笔`,
    (count) => plural(count, 'payment'),
  ),
  add: say('添加下载的账单', 'Add the file you downloaded'),
  formats: say(
    '银联商务、微信、支付宝、通联等的 XLSX、XLS、CSV 或 zip，不超过 32 MB。',
    'XLSX, XLS, CSV or zip of 银联商务, WeChat, Alipay, Square, Stripe, SumUp, Adyen and others, at most 32 MB.',
  ),
  too_large: say('文件超过 32 MB，请分开下载。', 'The file is larger than 32 MB: download less at a time.'),
  reading: say('正在读取…', 'It is being read…'),
  keeping: say('正在保存…', 'It is being kept…'),
  recognised: say(
    (kinds: string[]) => `认出是：${kinds.join('、')}`,
    (kinds) => `Recognised as: ${kinds.join(', ')}`,
  ),
  kinds: say(
    (kinds: string[]) => kinds.join('、'),
    (kinds) => kinds.join(', '),
  ),
  not_recognised: say('认不出这份文件的格式。', 'The layout of this file is not known.'),
  currency: say('货币（三个字母，例如 USD）', 'Currency (three letters, such as USD)'),
  zone: say('时区（例如 Europe/Berlin）', 'Time zone (such as Europe/Berlin)'),
  needs: {
    currency: say('文件里没有写货币，请填写。', 'The file does not say its currency: say it.'),
    zone: say('文件里没有写时区，请填写。', 'The file does not say its time zone: say it.'),
  },
  read: say('重新读取', 'Read it'),
  span: say(
    (from: string, to: string) => `从 ${from} 到 ${to}`,
    (from, to) => `From ${from} to ${to}`,
  ),
  found: say(
    (payments: number, refused: number) => `${payments} 笔交易，${refused} 行读不了`,
    (payments, refused) => `${plural(payments, 'payment')}, ${plural(refused, 'row')} refused`,
  ),
  row: say(
    (row: number, why: string) => `第 ${row} 行：${why}`,
    (row, why) => `Row ${row}: ${why}`,
  ),
  differs: say(
    (what: string) => `文件里的“${what}”和读到的不一致，文件可能不完整。`,
    (what) => `The file’s own “${what}” is not what was read: it may not be whole.`,
  ),
  covered: say('这份文件覆盖整个丢失时段。', 'This file covers the whole loss window.'),
  not_covered: say(
    (from: string, to: string) => `这份文件没有覆盖丢失时段里的 ${from} 到 ${to}`,
    (from, to) => `Of the loss window this file does not cover ${from} to ${to}`,
  ),
  there: say('这份文件已经保存过，不会重复。', 'This file is kept already; it adds nothing.'),
  keep: say('保存', 'Keep it'),
  leave: say('不保存', 'Leave it'),
  kept: say(
    (added: number) => `已保存，新增 ${added} 笔。`,
    (added) => `Kept: ${plural(added, 'new payment')}.`,
  ),
  window: say('丢失时段', 'Loss window'),
  complete: say('丢失时段都有账单覆盖。', 'Statements cover the whole loss window.'),
  complete_text: say(
    '账单只有这一家机构的交易；别家收的不在里面。',
    'A statement has what that acquirer took; what another one took is not in it.',
  ),
  hole: say(
    '这段时间没有账单，不知道有没有交易：',
    'No statement for this time; what happened is not known:',
  ),
  certain: say('确定是这台', 'This terminal’s for certain'),
  possible: say('可能是这台', 'May be this terminal’s'),
  possible_hint: say(
    '账单没有写终端，或写的不是系统里的终端号。',
    'The statement names no terminal, or none that is known here.',
  ),
  sales: say(
    (count: number, sum: string) => `收款 ${count} 笔 ${sum}`,
    (count, sum) => `${plural(count, 'sale')} ${sum}`,
  ),
  refunds: say(
    (count: number, sum: string) => `退款 ${count} 笔 ${sum}`,
    (count, sum) => `${plural(count, 'refund')} ${sum}`,
  ),
  unknowns: say(
    (count: number) => `${count} 笔结果不清楚，没有计入`,
    (count) => `${count} of unknown outcome, not in the sums`,
  ),
  nothing: say('这段时间的账单里没有交易。', 'The statements have no payment in this time.'),
  within: say('丢失时段内', 'In the window'),
  files: say('账单文件', 'Statements'),
  by: say(
    (who: string) => `${who} 上传`,
    (who) => `Brought by ${who}`,
  ),
  for_shop: say('整个门店', 'The whole shop'),
  withdraw: say('撤回', 'Take it back'),
  withdraw_text: say(
    '撤回后删除这份文件里的交易；别的文件里也有的仍然保留。记录和校验值会留下。',
    'What stands in it is deleted; what other files have of it stays. The record of it and its digest stay.',
  ),
  withdraw_why: say('为什么撤回', 'Why it is taken back'),
  withdrawn: say(
    (who: string, why: string) => `${who} 已撤回：${why}`,
    (who, why) => `Taken back by ${who}: ${why}`,
  ),
}
