/** Where the money of a payment is, and by what that is known. */
import type { MoneyAsk, MoneyPlace, MoneySource, MoneyState } from '@/api/types'
import { plural, say, type Words } from './say'

const state: Words<MoneyState> = {
  unknown: say('不知道', 'Not known'),
  declined: say('没有动过', 'Never moved'),
  authorised: say('已授权', 'Authorised'),
  in_batch: say('批次未结', 'Batch open'),
  batch_closed: say('批次已结', 'Batch closed'),
  settled: say('已清算或记账', 'Settled'),
  paid_out: say('已付到银行账户', 'Paid out'),
  refunded: say('已退款', 'Refunded'),
  reversed: say('已撤销', 'Undone'),
  charged_back: say('已被拒付追回', 'Charged back'),
}
const place: Words<MoneyPlace> = {
  ...state,
  payers: say('付款人', 'Payers'),
  shop: say('店里', 'The shop'),
  recipient: say('其他收款的卡或付款人', 'Other cards or payers'),
}
const ask: Words<MoneyAsk> = {
  wechat_fund_bill: say('微信支付的资金账单', 'WeChat Pay’s fund bill (资金账单)'),
  alipay_account_bill: say('支付宝的账务明细', 'Alipay’s account bill (账务明细)'),
  acquirer_statement: say(
    '收单机构的结算对账单',
    'the acquirer’s statement of what was settled and paid out',
  ),
}
const source: Words<MoneySource['kind']> = {
  ledger: say('网关账本', 'the gate’s ledger'),
  settlement: say('终端批结算，总额一致', 'the terminal’s settlement; its totals agreed'),
  upload: say('终端批结算，总额不一致，明细已上送', 'the terminal’s settlement after totals that differed'),
  statement: say('账单', 'a statement'),
}
const payments = (count: number) => plural(count, 'payment')

export const where = {
  state,
  place,
  source,
  ask,
  title: say('钱在哪里', 'Where the money is'),
  lead: say(
    '丢失时段里的交易，已认作店里的不算。只写账本、结算和账单说了的；没人说的就是不知道。',
    'Payments in the window that nobody called genuine. Only what the ledger, settlements and statements say; what nobody says is not known.',
  ),
  column: say('钱', 'Money'),
  none: say('丢失时段里没有这样的交易。', 'No such payment in the window.'),
  failed: say('没能读取钱在哪里', 'Could not load where the money is'),
  by: say(
    (what: string) => `依据：${what}`,
    (what) => `By ${what}`,
  ),
  ledger_row: say(
    (row: number) => `第 ${row} 条`,
    (row) => `row ${row}`,
  ),
  file_row: say(
    (name: string, row: number) => `${name} 第 ${row} 行`,
    (name, row) => `${name}, row ${row}`,
  ),
  to: say(
    (who: string) => `到 ${who}`,
    (who) => `to ${who}`,
  ),
  nobody: say('账本和账单都没说。', 'Neither the ledger nor a statement says.'),
  asks: say(
    (file: string) => `再往后，要看${file}。`,
    (file) => `Beyond that, ${file} would tell.`,
  ),
  asks_all: say(
    (file: string, days: string, count: number) => `${count} 笔还要看 ${days} 的${file}。`,
    (file, days, count) => `${payments(count)}: ${file} of ${days} would tell more.`,
  ),
  fitting: say(
    (count: number) => `账单里有 ${count} 行可能是这一笔，分不清是哪一行，都没有采用。`,
    (count) =>
      `${plural(count, 'row')} of statements may be this payment; nobody can say which, so none is used.`,
  ),
  fitting_all: say(
    (count: number, minutes: number) =>
      `${count} 笔在账单里有不止一行对得上（金额相同、前后 ${minutes} 分钟内），都没有采用。`,
    (count, minutes) =>
      `${payments(count)}: more than one row of a statement fits (the same amount within ${plural(minutes, 'minute')}), so none is used.`,
  ),
  given_back: say(
    (amount: string) => `已退回 ${amount}`,
    (amount) => `${amount} given back`,
  ),
  moved: say(
    (from: string, to: string, amount: string, count: number) => `${from} → ${to}：${amount}，${count} 笔`,
    (from, to, amount, count) => `${from} → ${to}: ${amount}, ${payments(count)}`,
  ),
  cut: say('交易太多，没有全部看过。', 'There are too many payments; not all were looked at.'),
}
