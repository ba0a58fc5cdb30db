/** How a file is read whose layout is not public. */
import type { MappingColumn } from '@/api/statements'
import { plural, say, type Words } from './say'

const column: Words<MappingColumn> = {
  at: say('时间', 'Time'),
  day: say('日期（单独一列时）', 'Day, where it stands by itself'),
  amount: say('金额', 'Amount'),
  type: say('收款还是退款', 'Sale or refund'),
  state: say('成功还是失败', 'Done or failed'),
  method: say('怎么付的', 'Paid with'),
  terminal: say('终端号', 'Terminal'),
  order_id: say('订单号（退款和原单相同的号）', 'Order number, the same for a sale and its refund'),
  id: say('流水号（每笔都不同的号）', 'Number that each payment has for itself'),
  card: say('卡号', 'Card number'),
  payer: say('付款人', 'Payer'),
  operator: say('收银员', 'Cashier'),
}

const column_hint: Words<MappingColumn> = {
  at: say('每笔交易的时间。', 'When each payment was.'),
  day: say('时间那一列只有几点几分时，选日期。', 'Where the column of the time has only the hour.'),
  amount: say('顾客付的钱，不扣手续费。', 'What the customer paid, before fees.'),
  type: say('没有这一列时，按正负号区分。', 'Without it the sign says which.'),
  state: say('没有这一列时，都当作成功。', 'Without it everything was done.'),
  method: say('微信、支付宝、刷卡……', 'WeChat, Alipay, card …'),
  terminal: say('没有这一列时，不能确定是哪台。', 'Without it nobody knows which terminal’s it is.'),
  order_id: say('退款靠它找到原单。', 'A refund finds its sale by it.'),
  id: say('有了它，两份账单里的同一笔只算一次。', 'With it, a payment in two files counts once.'),
  card: say('只保留前六后四位。', 'Only the first six and last four digits are kept.'),
  payer: say('只保留头尾几个字。', 'It is kept masked.'),
  operator: say('谁收的钱。', 'Who took the money.'),
}

export const mapping = {
  column,
  column_hint,
  title: say('告诉我们这份文件怎么读', 'Say how this file is read'),
  lead: say(
    '这家机构的格式没有公开。先猜了一遍，请核对；以后这家的账单会照样读。',
    'The layout of this acquirer is not public. It was guessed: check it. Its next file will be read the same way.',
  ),
  no_table: say(
    '里面没有找到表格。请下载 XLSX、XLS 或 CSV 格式的交易明细。',
    'No table was found in it. Download the transactions as XLSX, XLS or CSV.',
  ),
  before: say(
    (name: string) => `按以前读“${name}”的办法读取`,
    (name) => `Read as files of ${name} were read before`,
  ),
  by: say(
    (name: string) => `${name}，按您核对的办法读取`,
    (name) => `${name}, read as you said`,
  ),
  change: say('改读法', 'Change how it is read'),
  name: say('哪家机构的账单', 'Whose file it is'),
  name_hint: say(
    '例如：拉卡拉。每次写一样的名字，同一笔才不会算两次。',
    'The acquirer’s name. Always the same, so that no payment counts twice.',
  ),
  header_row: say('表头在哪一行', 'Row of the headings'),
  header_row_hint: say('写着“时间”“金额”这些字的那一行。', 'The one that says “time”, “amount” and so on.'),
  row: say(
    (row: number, cells: string[]) => `第 ${row} 行：${cells.join('、')}`,
    (row, cells) => `Row ${row}: ${cells.join(', ')}`,
  ),
  columns: say('哪一列是什么', 'Which column is which'),
  others: say('其他列', 'Other columns'),
  none: say('没有', 'None'),
  sample: say(
    (samples: string[]) => `例如：${samples.join('、')}`,
    (samples) => `Such as ${samples.join(', ')}`,
  ),
  no_words: say(
    '这一列不是固定的几个词，读不出意思，结果会记为不清楚。请换一列，或选“没有”。',
    'What stands below is not a few words: nobody can say what they mean. Choose another column, or none.',
  ),
  unknown: say('不知道', 'Not known'),
  unsaid: say(
    (count: number) => `还有 ${count} 个词没有选：这些交易的结果记为不清楚，不算成功。`,
    (count) => `${plural(count, 'word')} not said: such payments are of unknown outcome, never approved.`,
  ),
  meaning: {
    sale: say('收款', 'Sale'),
    refund: say('退款', 'Refund'),
    reversal: say('撤销', 'Undone sale'),
    none: say('不是交易（手续费、提现等）', 'No payment (fee, payout …)'),
    done: say('成功', 'Done'),
    pending: say('处理中', 'Pending'),
    failed: say('失败', 'Failed'),
    wechat: say('微信', 'WeChat'),
    alipay: say('支付宝', 'Alipay'),
    unionpay_qr: say('云闪付', 'UnionPay QR'),
    card: say('刷卡', 'Card'),
    cash: say('现金', 'Cash'),
    other: say('其他', 'Other'),
  },
  unit: say('金额的单位', 'Amounts are in'),
  units: {
    major: say('元', 'Yuan, dollars, euros'),
    minor: say('分', 'Fen, cents'),
  },
  zone_hint: say('不填按北京时间。', 'China’s if nothing is said.'),
  day_first: say('日期是“日/月/年”的顺序', 'Dates are written day/month/year'),
  needed: say('请填写。', 'This is needed.'),
  same: say('金额和时间不能是同一列。', 'Time and amount cannot be the same column.'),
  read: say('试读', 'Try it'),
  first: say(
    (count: number) => `读出来的前 ${count} 笔，请看看对不对`,
    (count) => `The first ${plural(count, 'payment')} as read: are they right?`,
  ),
  terminal: say(
    (terminal: string) => `终端 ${terminal}`,
    (terminal) => `terminal ${terminal}`,
  ),
  words_unknown: say(
    (count: number) => `${count} 笔的结果不清楚：文件里的词没有人说过意思。`,
    (count) => `${plural(count, 'payment')} of unknown outcome: nobody said what the file’s word means.`,
  ),
}
