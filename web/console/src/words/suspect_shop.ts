/** What a shop is asked of its payments, one at a time. */
import type { Mark } from '@/api/types'
import { plural, say, type Words } from './say'

const payments = (count: number) => plural(count, 'payment')

const said: Words<Mark> = {
  genuine: say('是店里的', 'Ours'),
  fraudulent: say('不是店里的', 'Not ours'),
  unsure: say('不确定', 'Not sure'),
}

export const ask_shop = {
  said,
  question: say('是店里做的吗？', 'Was this the shop’s?'),
  step: say(
    (place: number, of: number, terminal: string) => `第 ${place} 笔，共 ${of} 笔 · ${terminal}`,
    (place, of, terminal) => `${place} of ${of} · ${terminal}`,
  ),
  progress: say(
    (answered: number, of: number) => `${of} 笔里答了 ${answered} 笔`,
    (answered, of) => `${answered} of ${of} answered`,
  ),
  why: say('为什么问你', 'Why we ask you'),
  no_reason: say('这一笔没有特别的地方。', 'Nothing of it stands out.'),
  usual_title: say(
    (count: number) => `有 ${count} 笔没有特别之处`,
    (count) => `Nothing stands out of ${payments(count)}`,
  ),
  usual_text: say(
    '能核对的都和平日一样，只是在丢失时段里。那时店里在收款，就是店里的；没在收款，请逐笔看。',
    'Where it could be looked at, all is as usual; they only lie in the loss window. If the shop was selling then, they are its own; if not, look at each.',
  ),
  usual_ours: say(
    (count: number) => `这 ${count} 笔都是店里的`,
    (count) => `All ${count} were ours`,
  ),
  usual_each: say('逐笔看', 'Look at each'),
  skip: say('先跳过', 'Skip for now'),
  undo: say('撤回', 'Undo'),
  list: say('全部列出', 'List all'),
  back_to_question: say('接着回答', 'Go on answering'),
  who_sees: say(
    '能看这次报失的人都会看到你的回答；结案前都能改。',
    'Whoever may see this loss report sees your answer. You can change it until the case is closed.',
  ),
  here: say('这一笔', 'this one'),
  no_time: say('文件没有写时刻，不知道在不在丢失时段里。', 'The file gives no time of day.'),
  done: say('答完了，谢谢', 'Done. Thank you.'),
  rest: say(
    (count: number) => `还有 ${count} 笔没有答`,
    (count) => `${payments(count)} not answered`,
  ),
  look_again: say('看没答的', 'Look at these'),
  what_follows: say('接下来', 'What happens with it'),
  follows: {
    seen: say('能看这次报失的人会看到你的回答。', 'Whoever may see this loss report sees your answers.'),
    kept: say('每个回答都记下是谁、什么时候答的。', 'Who answered what and when is kept with each.'),
    change: say('结案前都能改。', 'They can be changed until the case is closed.'),
    no_money: say('回答不会自动退钱、扣钱或停掉谁。', 'An answer by itself moves no money and stops nobody.'),
  },
  to_letters: say('给银行或支付机构写函件', 'Write to a bank or an institution'),
  file_hint: say(
    '文件里有全部交易、理由和你的回答，卡号不完整。',
    'All payments, why they stand out, and your answers; card numbers are not whole.',
  ),
  sales: say(
    (sum: string) => `收款 ${sum}`,
    (sum) => `sales ${sum}`,
  ),
  refunds: say(
    (sum: string) => `退款 ${sum}`,
    (sum) => `refunds ${sum}`,
  ),
  none_declined: say('金额只算成功的交易。', 'Amounts count approved payments only.'),
  change: say('改回答', 'Change the answer'),
  all_title: say('全部交易', 'All payments'),
  around_title: say('其他交易', 'Other payments'),
  unsent: say(
    (count: number) => `${count} 个回答还没有送到`,
    (count) => `${plural(count, 'answer')} not sent yet`,
  ),
  unsent_text: say(
    '已留在这个页面上，有网络时再送，不会重复。',
    'They stay here and are sent when the network is back, each once.',
  ),
  unsent_lost: say(
    '这个浏览器不能保存，请不要关掉这一页。',
    'This browser cannot keep them: do not close the page.',
  ),
  send: say('现在再送', 'Send them now'),
  sending: say('正在送…', 'Being sent…'),
  nothing_title: say('丢失时段里没有要问的', 'Nothing to ask in the loss window'),
  nothing_text: say(
    '丢失时段有数据，里面没有交易。前后的在下面。',
    'There is data for the loss window and no payment in it. Those around it stand below.',
  ),
  not_all: say(
    '丢失时段前后还有更多，这里只列出最突出的。',
    'There are more before and after the window; only what stands out most is listed.',
  ),
}
